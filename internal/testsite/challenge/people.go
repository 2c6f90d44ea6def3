package challenge

import "strconv"

// Field is one of the seven things that are asked of each person.
type Field int

// The fields, in the order of the workbook's columns.
const (
	FirstName Field = iota
	LastName
	CompanyName
	Role
	Address
	Email
	Phone
)

// Fields are all fields, in the order of the workbook's columns.
var Fields = []Field{FirstName, LastName, CompanyName, Role, Address, Email, Phone}

// Rounds is how many persons are to be entered, and Points how many values that makes.
const (
	Rounds = 10
	Points = Rounds * 7
)

var fieldNames = [...]struct{ label, part, reflect string }{
	{"First Name", "first-name", "labelFirstName"}, {"Last Name", "last-name", "labelLastName"},
	{"Company Name", "company-name", "labelCompanyName"}, {"Role in Company", "role", "labelRole"},
	{"Address", "address", "labelAddress"}, {"Email", "email", "labelEmail"}, {"Phone Number", "phone", "labelPhone"},
}

// String returns the label of the field in English, which is also its name in the ledger.
func (f Field) String() string { return fieldNames[f].label }

// Part returns the field's name in the ground truth of the page, like challenge.first-name.
func (f Field) Part() string { return "challenge." + fieldNames[f].part }

// Person is a row of the workbook: its values by Field.
type Person [7]string

// people are invented. Phone numbers are written as text here, and as numbers in the workbook.
var people = [Rounds]Person{
	{"Marta", "Lindqvist", "Harbour Freight Systems", "Dispatcher", "12 Quayside Lane", "m.lindqvist@harbourfreight.example", "40716543298"},
	{"Tobias", "O'Hara", "Copper & Pine", "Joiner", "98 North Road", "tohara@copperpine.example", "40791345621"},
	{"Yuki", "Tanaka-Reed", "Bluebell Analytics", "Statistician", "7 Orchard Mews", "yuki.tanaka@bluebell.example", "40735416854"},
	{"Samuel", "Adeyemi", "Adeyemi and Sons", "Managing Director", "221 Market Street", "samuel@adeyemisons.example", "40733652145"},
	{"Ines", "Figueroa", "Litoral Foods", "Buyer", "3 Lighthouse Hill", "ines.figueroa@litoral.example", "40799885412"},
	{"Peter", "van den Berg", "Polder Works", "Hydraulic Engineer", "45 Dyke Road", "p.vandenberg@polderworks.example", "40733154268"},
	{"Leila", "Haddad", "Cedar Legal", "Notary", "19 Old Court Square", "haddad@cedarlegal.example", "40712462257"},
	{"Owen", "Price", "Valley Radio", "Sound Technician", "6 Chapel Terrace", "owen.price@valleyradio.example", "40731254562"},
	{"Greta", "Sommer", "Sommer Optics GmbH", "Lens Grinder", "80 Glasshouse Yard", "g.sommer@sommeroptics.example", "40741785214"},
	{"Dmitri", "Kowalczyk", "Ninth Floor Studio", "Set Designer", "9 Theatre Passage", "dmitri@ninthfloor.example", "40731653845"},
}

// People returns who is to be entered, in order.
func People() []Person { return append([]Person(nil), people[:]...) }

// phone returns the number that stands in the workbook.
func (p Person) phone() int64 {
	n, err := strconv.ParseInt(p[Phone], 10, 64)
	if err != nil {
		panic(err) // the list above is ours
	}
	return n
}
