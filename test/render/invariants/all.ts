import { COMPONENTS } from "./components";
import type { Invariant } from "./invariant";
import { OBJECTS } from "./objects";
import { PLACES } from "./places";
import { SETTINGS } from "./settings";

/** What must hold between two renderings. */
export const INVARIANTS: readonly Invariant[] = [...PLACES, ...OBJECTS, ...COMPONENTS, ...SETTINGS];
