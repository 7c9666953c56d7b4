package campaign

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// baseFields are top-level fields that no override sets: the caller of Zotlo's API fills them.
var baseFields = []string{
	"applicationKey", "subscriberId", "subscriberIpAddress", "customCurrency", "customParameters",
}

// reservedParameters are top-level keys of custom parameters that Zotlo uses for itself, as its
// webhook and payment pages show.
var reservedParameters = []string{
	"clientUuid", "dataWarehouse", "utm", "invoice", "agreement", "merchantParameters",
	"subscriberIpAddress", "paymentMethod", "cardBrand", "adjust",
}

// overrideOfField is the override of each top-level field by its name in lower case. It is filled
// in init because the table of overrides itself refers to checkFieldName.
var overrideOfField = make(map[string]string)

// init reads the names of the fields from the table of overrides. Keyed overrides have no field of
// their own, and those without a wire name are never sent.
func init() {
	for i := range overrides {
		if ov := &overrides[i]; ov.entries == nil && ov.wire != "" {
			overrideOfField[strings.ToLower(ov.wire)] = ov.name
		}
	}
}

// checkFieldName refuses what is no field name, and the names of fields that have an override or
// are not for overriding. Case is not looked at: customprice is no way around one_time_price.
func checkFieldName(name string) error {
	if !isName(name, "_") || strings.ContainsAny(name[:1], "_0123456789") {
		return fmt.Errorf("name %q must be a letter and up to 63 letters, digits and underscores",
			name)
	}
	if ov := overrideOfField[strings.ToLower(name)]; ov != "" {
		return fmt.Errorf("%s has an option of its own: write %s", name, ov)
	}
	for _, known := range baseFields {
		if strings.EqualFold(name, known) {
			return fmt.Errorf("%s is set for every link and cannot be overridden: remove it", name)
		}
	}
	return nil
}

// checkParameterKey checks a dotted key of custom_parameter. A key below mmp is checked as a key of
// mmp is: both write to the same place.
func checkParameterKey(key string) error {
	top, rest, nested := strings.Cut(key, ".")
	switch {
	case strings.EqualFold(top, "checkout"):
		return fmt.Errorf("key %s: checkout is reserved for the attribution of payments:"+
			" choose another name", key)
	case top == "mmp" && !nested:
		return errors.New("key mmp holds the ids of attribution partners: write \"mmp KEY VALUE\"")
	case top == "mmp":
		return checkKey(rest)
	}
	for _, reserved := range reservedParameters {
		if strings.EqualFold(top, reserved) {
			return fmt.Errorf("key %s: %s is reserved by Zotlo: choose another name", key, reserved)
		}
	}
	return checkKey(key)
}

// checkKey checks the form of a dotted key. An empty key, and one that begins or ends with a dot,
// has an empty name in it and is refused.
func checkKey(key string) error {
	for segment := range strings.SplitSeq(key, ".") {
		if !isName(segment, "_-") {
			return fmt.Errorf("key %q must be names of A-Z a-z 0-9 _ - with dots between them,"+
				" each of at most 64 characters", key)
		}
	}
	if len(key) > maxParameterValue {
		return fmt.Errorf("key of %d characters is too long: write at most %d",
			len(key), maxParameterValue)
	}
	return nil
}

// checkParameters looks at all parameters together: their number, their size as far as it is known,
// and keys that would have to be both a value and an object. What placeholders will bring is not
// known here; a request has room for it as far as the limit allows.
func checkParameters(slots []slot) error {
	seen := make(map[string]bool)
	size := 0
	for i := range slots {
		s := &slots[i]
		if s.rank() != rankParameter {
			continue
		}
		if seen[s.name] {
			return fmt.Errorf("custom_parameter %s and mmp %s are the same key: write one of them",
				s.name, strings.TrimPrefix(s.name, "mmp."))
		}
		seen[s.name] = true
		size += s.size()
	}
	if len(seen) > maxParameters {
		return fmt.Errorf("custom_parameter and mmp: %d keys are too many: write at most %d",
			len(seen), maxParameters)
	}
	if size > maxParameterBytes {
		return fmt.Errorf("custom_parameter and mmp: keys and values of %d bytes are too much:"+
			" write at most %d bytes in all", size, maxParameterBytes)
	}
	for _, key := range slices.Sorted(maps.Keys(seen)) {
		// Every beginning of the key that ends before a dot would be an object.
		for i := range key {
			if key[i] == '.' && seen[key[:i]] {
				return fmt.Errorf("custom_parameter %s and %s cannot both be set:"+
					" the first would be a value and an object at once; rename one of them",
					key[:i], key)
			}
		}
	}
	return nil
}
