// Package kubernetes has what the plugin's code asks of Pulumi's SDK for Go, in place of that SDK: its generated types
// for every kind of Kubernetes take most of the plugin's build, and the plugin needs them for the components that it
// serves to other languages alone (yaml/v2, helm/v4 Chart). A sandbox has none of these: here they refuse to work.
package kubernetes

import "reflect"

// UntypedArgs are the properties of an object of any kind.
type UntypedArgs map[string]any

// ElementType makes UntypedArgs an input of Pulumi.
func (UntypedArgs) ElementType() reflect.Type {
	return reflect.TypeOf((*map[string]any)(nil)).Elem()
}
