package math

import (
	"context"
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[unitIn, unitOut]{
		Type: "math.convert_unit", Title: "Convert units", Effect: node.Pure,
		Doc: "Converts a number between units of length, mass, temperature, data size, time, area, volume, speed, pressure, energy, power or angle. KB is 1000 bytes and KiB 1024; gallon, pint and fluid ounce are those of the US unless they begin with imp_; a year is 365.25 days and a month a twelfth of it.",
		Examples: []node.Example[unitIn, unitOut]{
			{Title: "Miles to kilometres", In: unitIn{Value: 5, From: "mi", To: "km"}, Out: unitOut{Result: 8.04672, Text: "8.04672", Quantity: "length"}},
			{Title: "Fahrenheit", In: unitIn{Value: 212, From: "°F", To: "C"}, Out: unitOut{Result: 100, Text: "100", Quantity: "temperature"}},
		},
		Run: convertUnit,
	})
}

type unitIn struct {
	Value any    `json:"value" is:"required" doc:"Number to convert."`
	From  string `json:"from" is:"required" doc:"Unit of the value: a symbol such as km, lb, °C, MiB, or an English name such as miles."`
	To    string `json:"to" is:"required" doc:"Unit of the result, of the same quantity."`
}

type unitOut struct {
	Result   any    `json:"result" doc:"The converted number."`
	Text     string `json:"text" doc:"The converted number as decimal text."`
	Quantity string `json:"quantity" doc:"What is measured: length, mass, temperature and so on."`
}

// unit is a linear scale: base = value * num / den + offset.
type unit struct {
	quantity string
	num, den decimal.Decimal
	offset   decimal.Decimal
}

// units by symbol and by lower-case name. Factors are exact by definition,
// as quantity;symbols and names;factor to the base unit.
var units, unitNames = parseUnits(`
length;m metre meter;1
length;nm nanometre nanometer;1e-9
length;µm um micrometre micrometer micron;1e-6
length;mm millimetre millimeter;0.001
length;cm centimetre centimeter;0.01
length;dm decimetre decimeter;0.1
length;km kilometre kilometer;1000
length;in inch inches;0.0254
length;ft foot feet;0.3048
length;yd yard;0.9144
length;mi mile;1609.344
length;nmi nautical_mile;1852
length;pt point;0.0254/72
mass;kg kilogram;1
mass;g gram;0.001
mass;mg milligram;1e-6
mass;µg ug microgram;1e-9
mass;t tonne metric_ton;1000
mass;lb pound lbs;0.45359237
mass;oz ounce;0.028349523125
mass;st stone;6.35029318
mass;short_ton us_ton;907.18474
mass;long_ton imp_ton;1016.0469088
mass;ct carat;0.0002
time;s second sec;1
time;ms millisecond;0.001
time;µs us microsecond;1e-6
time;ns nanosecond;1e-9
time;min minute;60
time;h hour hr;3600
time;d day;86400
time;wk week;604800
time;month;2629800
time;yr year;31557600
data;B byte;1
data;bit;1/8
data;kbit kilobit;125
data;Mbit megabit;125e3
data;Gbit gigabit;125e6
data;KB kB kilobyte;1e3
data;MB megabyte;1e6
data;GB gigabyte;1e9
data;TB terabyte;1e12
data;PB petabyte;1e15
data;KiB kibibyte;1024
data;MiB mebibyte;1048576
data;GiB gibibyte;1073741824
data;TiB tebibyte;1099511627776
data;PiB pebibyte;1125899906842624
area;m2 m² square_metre square_meter;1
area;mm2 mm² square_millimetre square_millimeter;1e-6
area;cm2 cm² square_centimetre square_centimeter;1e-4
area;km2 km² square_kilometre square_kilometer;1e6
area;ha hectare;10000
area;are;100
area;in2 in² square_inch square_inches;0.00064516
area;ft2 ft² square_foot square_feet;0.09290304
area;yd2 yd² square_yard;0.83612736
area;mi2 mi² square_mile;2589988.110336
area;ac acre;4046.8564224
volume;l L litre liter;1
volume;ml mL millilitre milliliter;0.001
volume;cl cL centilitre centiliter;0.01
volume;dl dL decilitre deciliter;0.1
volume;hl hL hectolitre hectoliter;100
volume;m3 m³ cubic_metre cubic_meter;1000
volume;cm3 cm³ cc cubic_centimetre cubic_centimeter;0.001
volume;in3 in³ cubic_inch cubic_inches;0.016387064
volume;ft3 ft³ cubic_foot cubic_feet;28.316846592
volume;gal gallon;3.785411784
volume;qt quart;0.946352946
volume;pint us_pint;0.473176473
volume;cup;0.2365882365
volume;fl_oz fluid_ounce;0.0295735295625
volume;tbsp tablespoon;0.01478676478125
volume;tsp teaspoon;0.00492892159375
volume;imp_gal imp_gallon;4.54609
volume;imp_pint;0.56826125
volume;imp_fl_oz imp_fluid_ounce;0.0284130625
volume;bbl barrel;158.987294928
speed;m/s;1
speed;km/h kmh kph;1/3.6
speed;mph mi/h;0.44704
speed;kn knot kt;1852/3600
speed;ft/s;0.3048
pressure;Pa pascal;1
pressure;hPa hectopascal;100
pressure;kPa kilopascal;1000
pressure;MPa megapascal;1e6
pressure;bar;100000
pressure;mbar millibar;100
pressure;atm atmosphere;101325
pressure;psi;6894.757293168
energy;J joule;1
energy;kJ kilojoule;1000
energy;MJ megajoule;1e6
energy;Wh watt_hour;3600
energy;kWh kilowatt_hour;3.6e6
energy;MWh megawatt_hour;3.6e9
energy;cal calorie;4.184
energy;kcal kilocalorie;4184
power;W watt;1
power;kW kilowatt;1000
power;MW megawatt;1e6
power;hp horsepower;745.69987158227022
power;PS metric_horsepower;735.49875
angle;deg ° degree;1
angle;arcmin;1/60
angle;arcsec;1/3600
angle;gon grad;0.9
angle;turn;360
temperature;K kelvin;1
temperature;°C C celsius;1;273.15
temperature;°F F fahrenheit;5/9;459.67
temperature;°R R rankine;5/9
`)

func parseUnits(table string) (bySymbol, byName map[string]unit) {
	bySymbol, byName = map[string]unit{}, map[string]unit{}
	for _, line := range strings.Split(strings.TrimSpace(table), "\n") {
		f := strings.Split(line, ";")
		num, den, ok := strings.Cut(f[2], "/")
		if !ok {
			den = "1"
		}
		u := unit{quantity: f[0], num: decimal.RequireFromString(num), den: decimal.RequireFromString(den)}
		if len(f) > 3 {
			u.offset = decimal.RequireFromString(f[3])
		}
		for _, n := range strings.Fields(f[1]) {
			if _, dup := bySymbol[n]; dup {
				panic("the unit " + n + " is declared twice")
			}
			bySymbol[n] = u
			// Mbar is not mbar: only names are known in any case, symbols are not.
			if len(n) > 2 && n == strings.ToLower(n) && n != "mbar" {
				byName[n] = u
				byName[n+"s"] = u
			}
		}
	}
	return bySymbol, byName
}

func findUnit(param, name string) (unit, error) {
	name = strings.TrimSpace(name)
	if u, ok := units[name]; ok {
		return u, nil
	}
	if u, ok := unitNames[strings.ToLower(strings.ReplaceAll(name, " ", "_"))]; ok {
		return u, nil
	}
	// mb and MB are megabytes to everybody, but mw and MW are not the same.
	if u, ok := units[strings.ToUpper(name)]; ok && (name == strings.ToLower(name) || name == strings.ToUpper(name)) && (u.quantity == "data" || u.quantity == "temperature") {
		return u, nil
	}
	return unit{}, node.Fail(node.KindInput, fmt.Sprintf("%s is %.40q, which is not a known unit", param, name), "write a symbol such as km, kg, °C, MiB, m2, l or km/h, with its usual capitals")
}

func convertUnit(_ context.Context, _ *node.Env, in unitIn) (unitOut, error) {
	d, err := operand("value", in.Value)
	if err != nil {
		return unitOut{}, err
	}
	from, err := findUnit("from", in.From)
	if err != nil {
		return unitOut{}, err
	}
	to, err := findUnit("to", in.To)
	if err != nil {
		return unitOut{}, err
	}
	if from.quantity != to.quantity {
		return unitOut{}, node.Failf(node.KindInput, "%s is a unit of %s and %s one of %s", in.From, from.quantity, in.To, to.quantity)
	}
	num := d.Add(from.offset).Mul(from.num).Mul(to.den)
	den := from.den.Mul(to.num)
	res, err := resultOf(num.DivRound(den, 25).Sub(to.offset).Round(20))
	return unitOut{Result: res.Result, Text: res.Text, Quantity: from.quantity}, err
}
