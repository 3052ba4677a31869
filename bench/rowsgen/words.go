package main

import "strings"

// names are first names that the rows have, and that take each other's places.
var names = strings.Fields(`John James Mark Mary Bob Tom Sam Mike Bill Peter Sarah Jack Matt Jerry Harry Jim Joe Lisa Billy Jason Martha Janet
	Carla Frank Anna Steve Michael Alex Jane Jill Andrew Paul Max Emily Betty Carl Ben Kevin Jacob Ryan Sally Karen Jenny Jake Tony Rachel Ken Susan
	Jimmy Tina Julia Tim Kyle Adam Jackson George Brian Maria Jeff Greg Andy Alice Josh Kim Lucy Jessica Amanda Annie Chris Lily Amy Monica Randy
	Manny David Gerald Beth Dave Jenna William Fred Patrick Marcus Henry Thomas Leo Nancy Roger Bobby Megan Jess Katie Pete Kelly Caleb Simon Mandy
	Kate Carrie Charlie Jeremy Kayla Robert Jose Brad Hannah Julie Kendra Sara Carlos Alan Daniel Ted Joey Barry Gina Johnny Lucas Rob Neil Tommy
	Janice Phil Emma Oliver Samuel Luna Stephanie Kylie Ella Tyler Connor Nicole Elsa Brandon Jayden Gary Anne Rebecca Joseph Michelle Anthony Ron
	Angela Casey Diego Aaron Tiffany Luke Toby Peggy Talia Ralph Tara Becky Justin Brenda Kenny Eric Veronica Donna Trevor Natalia Weng Julian`)

// synonyms are words that mean about the same, in each list.
var synonyms = []([]string){
	{"bought", "purchased", "got"}, {"buys", "purchases", "gets"}, {"buy", "purchase", "get"},
	{"altogether", "overall"}, {"big", "large"}, {"small", "little"}, {"begins", "starts"}, {"began", "started"},
	{"needs", "requires"}, {"earned", "made", "received"}, {"earns", "makes", "receives"}, {"friends", "neighbors", "cousins", "classmates"},
	{"school", "college"}, {"house", "home", "cabin"}, {"store", "shop", "market"}, {"brother", "uncle", "father"}, {"sister", "aunt", "mother"},
	{"apples", "oranges", "pears", "peaches", "lemons"}, {"dogs", "cats", "rabbits", "hamsters"}, {"cookies", "muffins", "brownies", "pancakes"},
	{"books", "magazines", "notebooks"}, {"red", "blue", "green", "yellow", "purple", "orange"}, {"week", "month", "year"},
	{"hours", "minutes", "days"}, {"pencils", "pens", "crayons", "markers"}, {"flowers", "roses", "tulips", "daisies"},
	{"car", "truck", "van"}, {"students", "pupils", "children"}, {"people", "visitors", "guests"}, {"gave", "handed", "sent"},
	{"gives", "hands", "sends"}, {"left", "remaining"}, {"game", "match"}, {"eats", "consumes"}, {"ate", "consumed"}, {"candy", "chocolate", "gum"},
}

var synonymsOf = func() map[string][]string {
	by := map[string][]string{}
	for _, list := range synonyms {
		for _, w := range list {
			by[w] = list
		}
	}
	return by
}()

// others returns the words that may stand in a word's place, itself among them; none for most.
func others(w string) []string { return synonymsOf[w] }

var (
	days   = strings.Fields("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
	places = strings.Fields(`Lisbon Oslo Quito Nairobi Hanoi Lima Dublin Prague Cairo Delhi Kyoto Geneva Boston Denver Austin Accra Athens Vienna
		Warsaw Zagreb Tunis Dakar Perth Hobart Bergen Malaga Naples Lyon Ghent Porto Tampa Omaha Salem Fresno Dallas Tulsa Leeds York Bath Cork`)
)
