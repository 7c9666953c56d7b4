package main

import (
	"go/ast"
	"go/types"
)

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
