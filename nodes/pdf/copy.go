package pdf

import (
	"errors"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// copier brings objects from one document into another.
type copier struct {
	from, to *model.Context
	seen     map[int]types.IndirectRef
}

func (c *copier) object(o types.Object, depth int) (types.Object, error) {
	if depth > 100 {
		return nil, errors.New("the objects are nested too deeply")
	}
	switch o := o.(type) {
	case types.IndirectRef:
		n := o.ObjectNumber.Value()
		if r, ok := c.seen[n]; ok {
			return r, nil
		}
		inner, err := c.from.Dereference(o)
		if err != nil || inner == nil {
			return nil, err
		}
		ref, err := c.to.IndRefForNewObject(types.Integer(0))
		if err != nil {
			return nil, err
		}
		c.seen[n] = *ref // before what it holds, which may refer back
		copied, err := c.object(inner, depth+1)
		if err != nil {
			return nil, err
		}
		if e, ok := c.to.FindTableEntryForIndRef(ref); ok {
			e.Object = copied
		}
		return *ref, nil
	case types.Dict:
		out := types.Dict{}
		for k, v := range o {
			copied, err := c.object(v, depth+1)
			if err != nil {
				return nil, err
			}
			out[k] = copied
		}
		return out, nil
	case types.Array:
		out := make(types.Array, len(o))
		for i, v := range o {
			copied, err := c.object(v, depth+1)
			if err != nil {
				return nil, err
			}
			out[i] = copied
		}
		return out, nil
	case types.StreamDict:
		return c.stream(o, depth)
	}
	return o, nil
}

func (c *copier) stream(o types.StreamDict, depth int) (types.Object, error) {
	if err := o.Decode(); err != nil {
		return nil, err
	}
	out, err := c.to.NewStreamDictForBuf(o.Content)
	if err != nil {
		return nil, err
	}
	for k, v := range o.Dict {
		if k == "Length" || k == "Filter" || k == "DecodeParms" {
			continue
		}
		copied, err := c.object(v, depth+1)
		if err != nil {
			return nil, err
		}
		out.Dict[k] = copied
	}
	return *out, out.Encode()
}
