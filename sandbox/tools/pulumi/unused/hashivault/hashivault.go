// Package hashivault is empty: the engine imports it for the secrets provider hashivault://, which this one does not know.
package hashivault
