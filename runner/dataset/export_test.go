package dataset

// PrepareTo is [Prepare] with writers in place of the files.
var PrepareTo = prepare

// A ShapeInfo is what a test needs of a shape.
type ShapeInfo struct {
	Name  string
	Roles []string
}

// Shapes lists the known shapes.
func Shapes() []ShapeInfo {
	var list []ShapeInfo
	for _, s := range shapes() {
		info := ShapeInfo{Name: s.name}
		for _, r := range s.roles {
			info.Roles = append(info.Roles, r.name)
		}
		list = append(list, info)
	}
	return list
}
