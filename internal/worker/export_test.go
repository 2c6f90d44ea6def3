package worker

// UnderRace tells tests that limits of the kernel are off and all is slow.
const UnderRace = underRace
