// Package orderedmap has a map that the engine names, and that is always empty.
package orderedmap

import "iter"

// Map is empty.
type Map[K comparable, V any] struct{}

// New makes one.
func New[K comparable, V any]() *Map[K, V] { return &Map[K, V]{} }

// Len is 0.
func Len[K comparable, V any](*Map[K, V]) int { return 0 }

// Get finds nothing.
func (*Map[K, V]) Get(K) (value V, isThere bool) { return value, false }

// GetOrZero finds nothing.
func (*Map[K, V]) GetOrZero(K) (value V) { return value }

// Set keeps nothing.
func (*Map[K, V]) Set(K, V) (value V, wasThere bool) { return value, false }

// Delete has nothing to delete.
func (*Map[K, V]) Delete(K) (value V, wasThere bool) { return value, false }

// FromOldest gives nothing.
func (*Map[K, V]) FromOldest() iter.Seq2[K, V] { return func(func(K, V) bool) {} }

// KeysFromOldest gives nothing.
func (*Map[K, V]) KeysFromOldest() iter.Seq[K] { return func(func(K) bool) {} }
