package expr

// predicateDocs describes the functions that take a condition or expression
// for each item, in which # is the item, .name a member of it, and #index its
// place.
var predicateDocs = []Function{
	{Name: "filter", Category: "predicate", Signature: "filter(list, condition)", Doc: "Keeps the items for which condition is true.", Example: `filter([1, 2, 3], # > 1)`, Result: `[2,3]`},
	{Name: "map", Category: "predicate", Signature: "map(list, expression)", Doc: "Computes an expression for every item.", Example: `map([{n: 1}, {n: 2}], .n * 10)`, Result: `[10,20]`},
	{Name: "all", Category: "predicate", Signature: "all(list, condition)", Doc: "Tells whether condition is true for every item.", Example: `all([1, 2], # > 0)`, Result: `true`},
	{Name: "any", Category: "predicate", Signature: "any(list, condition)", Doc: "Tells whether condition is true for some item.", Example: `any([1, 2], # > 1)`, Result: `true`},
	{Name: "none", Category: "predicate", Signature: "none(list, condition)", Doc: "Tells whether condition is true for no item.", Example: `none([1, 2], # > 2)`, Result: `true`},
	{Name: "one", Category: "predicate", Signature: "one(list, condition)", Doc: "Tells whether condition is true for exactly one item.", Example: `one([1, 2], # > 1)`, Result: `true`},
	{Name: "count", Category: "predicate", Signature: "count(list, condition?)", Doc: "Counts the items, those for which condition is true, or those that are true in a list of booleans.", Example: `count([1, 2, 3], # % 2 == 1)`, Result: `2`},
	{Name: "sum", Category: "predicate", Signature: "sum(list, expression?)", Doc: "Adds up a list of numbers, or what an expression gives for every item.", Example: `sum([{n: 1}, {n: 2}], .n)`, Result: `3`},
	{Name: "find", Category: "predicate", Signature: "find(list, condition)", Doc: "Gives the first item for which condition is true, or nil.", Example: `find([1, 2, 3], # > 1)`, Result: `2`},
	{Name: "findIndex", Category: "predicate", Signature: "findIndex(list, condition)", Doc: "Gives the place of the first item for which condition is true, or nil.", Example: `findIndex([1, 2, 3], # > 1)`, Result: `1`},
	{Name: "findLast", Category: "predicate", Signature: "findLast(list, condition)", Doc: "Gives the last item for which condition is true, or nil.", Example: `findLast([1, 2, 3], # > 1)`, Result: `3`},
	{Name: "findLastIndex", Category: "predicate", Signature: "findLastIndex(list, condition)", Doc: "Gives the place of the last item for which condition is true, or nil.", Example: `findLastIndex([1, 2, 3], # > 1)`, Result: `2`},
	{Name: "groupBy", Category: "predicate", Signature: "groupBy(list, expression)", Doc: "Puts items into lists by what an expression gives.", Example: `groupBy([1, 2, 3], # % 2 == 0)`, Result: `{"false":[1,3],"true":[2]}`},
	{Name: "sortBy", Category: "predicate", Signature: `sortBy(list, expression, "desc"?)`, Doc: "Sorts items by what an expression gives.", Example: `sortBy([3, 1, 2], -#)`, Result: `[3,2,1]`},
	{Name: "reduce", Category: "predicate", Signature: "reduce(list, expression, start?)", Doc: "Goes through the items with #acc holding what the expression gave for the one before.", Example: `reduce([1, 2, 3], #acc + #, 10)`, Result: `16`},
}
