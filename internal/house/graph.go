package main

import (
	"go/ast"
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

// held knows which functions come to be in which variables: fields, variables, parameters.
type held struct {
	s       *source
	sets    map[*types.Var][]set
	written map[*ast.Ident]bool // names that stand where a value is put, not read
}

// set is one place that puts a value into a variable.
type set struct {
	file string
	fns  []*types.Func // functions of the package that the value names
	vars []*types.Var  // variables that the value comes from
}

// origin is where a held function comes from: the file that puts it there, or a declared function.
type origin struct {
	file string
	fn   *types.Func
}

func findHeld(s *source) *held {
	h := &held{s: s, sets: make(map[*types.Var][]set), written: make(map[*ast.Ident]bool)}
	for _, f := range s.files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CompositeLit:
				h.literal(n)
			case *ast.AssignStmt:
				h.assigned(n.Lhs, n.Rhs)
			case *ast.ValueSpec:
				names := make([]ast.Expr, len(n.Names))
				for i, name := range n.Names {
					names[i] = name
				}
				h.assigned(names, n.Values)
			case *ast.CallExpr:
				h.passed(n)
			}
			return true
		})
	}
	return h
}

// literal notes the fields that a struct's literal sets.
func (h *held) literal(lit *ast.CompositeLit) {
	t := h.s.info.Types[lit].Type
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem() // inside []*T{{…}}
	}
	st, ok := t.Underlying().(*types.Struct)
	if !ok {
		return
	}
	for i, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			h.put(kv.Key, kv.Value)
		} else if v := slot(st.Field(i)); v != nil {
			h.set(v, e)
		}
	}
}

func (h *held) assigned(to, values []ast.Expr) {
	for i, dst := range to {
		switch {
		case len(values) == len(to):
			h.put(dst, values[i])
		case len(values) == 1:
			h.put(dst, values[0])
		}
	}
}

// passed notes the parameters of a function of ours that a call sets.
func (h *held) passed(call *ast.CallExpr) {
	fn, ok := h.object(call.Fun).(*types.Func)
	if !ok || fn.Pkg() != h.s.types {
		return
	}
	params := fn.Origin().Signature().Params()
	for i, arg := range call.Args {
		if params.Len() == 0 {
			break
		}
		if v := slot(params.At(min(i, params.Len()-1))); v != nil {
			h.set(v, arg)
		}
	}
}

// put notes that a value goes to where an expression points.
func (h *held) put(dst, value ast.Expr) {
	if v := slot(h.object(dst)); v != nil {
		h.set(v, value)
		h.written[name(dst)] = true
	}
}

func (h *held) set(v *types.Var, value ast.Expr) {
	s := set{file: h.s.file(value.Pos())}
	ast.Inspect(value, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			obj := h.s.info.Uses[id]
			if fn, ok := obj.(*types.Func); ok && fn.Pkg() == h.s.types {
				s.fns = append(s.fns, fn)
			} else if from := slot(obj); from != nil && from != v {
				s.vars = append(s.vars, from)
			}
		}
		_, inside := n.(*ast.FuncLit) // what a literal calls is its own file's need
		return !inside
	})
	h.sets[v] = append(h.sets[v], s)
}

// origins follows a variable back to all that may be in it.
func (h *held) origins(v *types.Var) map[origin]bool {
	from := make(map[origin]bool)
	seen := map[*types.Var]bool{v: true}
	for todo := []*types.Var{v}; len(todo) > 0; {
		next := todo[0]
		todo = todo[1:]
		for _, s := range h.sets[next] {
			from[origin{file: s.file}] = true
			for _, fn := range s.fns {
				from[origin{fn: fn}] = true
			}
			for _, source := range s.vars {
				if !seen[source] {
					seen[source] = true
					todo = append(todo, source)
				}
			}
		}
	}
	return from
}

// object is what an expression's last name means: of x.f, f.
func (h *held) object(e ast.Expr) types.Object {
	id := name(e)
	if id == nil {
		return nil
	}
	if obj := h.s.info.Defs[id]; obj != nil {
		return obj
	}
	return h.s.info.Uses[id]
}

func name(e ast.Expr) *ast.Ident {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		return e
	case *ast.SelectorExpr:
		return e.Sel
	case *ast.IndexExpr: // an entry of a map or a list, or a generic function
		return name(e.X)
	}
	return nil
}

// slot is a variable or field that holds a function, or several; nil for everything else.
func slot(obj types.Object) *types.Var {
	v, ok := obj.(*types.Var)
	if !ok || !holdsFunc(v.Type()) {
		return nil
	}
	return v.Origin()
}

func holdsFunc(t types.Type) bool {
	switch t := t.Underlying().(type) {
	case *types.Signature:
		return true
	case *types.Slice:
		_, ok := t.Elem().Underlying().(*types.Signature)
		return ok
	case *types.Array:
		_, ok := t.Elem().Underlying().(*types.Signature)
		return ok
	case *types.Map:
		_, ok := t.Elem().Underlying().(*types.Signature)
		return ok
	}
	return false
}
