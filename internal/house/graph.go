package main

import (
	"go/types"
	"slices"
)

// graph says which file of a package needs which other, and by what names: from → to → names.
type graph map[string]map[string][]string

func (g graph) add(from, to, name string) {
	if from == to {
		return
	}
	if g[from] == nil {
		g[from] = make(map[string][]string)
	}
	if !slices.Contains(g[from][to], name) {
		g[from][to] = append(g[from][to], name)
	}
}

// fileGraph draws the edges of a package. A file needs another if it uses a function, type, method,
// field, constant or variable that the other declares. A type that satisfies an interface makes no
// edge; a call through the interface leads to the file that declares it. Of functions held in
// fields and variables, see functionEdges.
func fileGraph(s *source) graph {
	g := make(graph)
	for _, f := range s.files {
		g[s.file(f.Pos())] = nil
	}
	owners := fieldOwners(s.types)
	for id, obj := range s.info.Uses {
		if obj.Pkg() == s.types {
			g.add(s.file(id.Pos()), s.file(obj.Pos()), display(obj, owners))
		}
	}
	functionEdges(s, g, owners)
	for _, to := range g {
		for _, names := range to {
			slices.Sort(names)
		}
	}
	return g
}

// functionEdges adds what a name alone does not show: calling a function that is held in a field or
// in a variable of the package runs what another file has put there. Such a file is needed by each
// that reads the field, and so is the one that declares the function put there, be it through
// parameters and local variables.
func functionEdges(s *source, g graph, owners map[types.Object]string) {
	h := findHeld(s)
	for id, obj := range s.info.Uses {
		v := slot(obj)
		if v == nil || h.written[id] || v.Pkg() != s.types {
			continue
		}
		if !v.IsField() && v.Parent() != s.types.Scope() {
			continue // a local variable's function is its own function's need
		}
		reader, what := s.file(id.Pos()), display(v, owners)
		for from := range h.origins(v) {
			if from.file != "" {
				g.add(reader, from.file, what+" (set here)")
			} else {
				g.add(reader, s.file(from.fn.Pos()), what+" = "+display(from.fn, owners))
			}
		}
	}
}

// fieldOwners names the type that each field of a package's structs stands in.
func fieldOwners(p *types.Package) map[types.Object]string {
	owners := make(map[types.Object]string)
	for _, name := range p.Scope().Names() {
		if t, ok := p.Scope().Lookup(name).(*types.TypeName); ok {
			ownFields(owners, name, t.Type())
		}
	}
	return owners
}

func ownFields(owners map[types.Object]string, owner string, t types.Type) {
	st, ok := t.Underlying().(*types.Struct)
	if !ok {
		return
	}
	for f := range st.Fields() {
		if owners[f] == "" {
			owners[f] = owner
		}
	}
}

// display is a name as a reader knows it: Type.method, Type.field, or the name alone.
func display(obj types.Object, owners map[types.Object]string) string {
	if f, ok := obj.(*types.Func); ok {
		if recv := f.Signature().Recv(); recv != nil {
			t := recv.Type()
			if p, ok := t.(*types.Pointer); ok {
				t = p.Elem()
			}
			if n, ok := t.(*types.Named); ok {
				return n.Obj().Name() + "." + f.Name()
			}
		}
	}
	if v, ok := obj.(*types.Var); ok && owners[v.Origin()] != "" {
		return owners[v.Origin()] + "." + v.Name()
	}
	return obj.Name()
}
