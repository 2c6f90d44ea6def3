//go:build !linux

package worker

// limitKernel does nothing: on Windows the job object of the parent has the
// limit, on other systems the watchdog is alone.
func limitKernel(int64) {}
