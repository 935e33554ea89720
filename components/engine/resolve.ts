import * as pulumi from "@pulumi/pulumi";

/** What an input has become: known, or not in this run, as what a resource that is yet to be made gives in a preview. */
export type Resolved<T> = { readonly isKnown: true; readonly value: T } | { readonly isKnown: false };

/** The value of an input, Outputs within it included. */
export async function resolve<T>(input: pulumi.Input<T>): Promise<Resolved<pulumi.Unwrap<T>>> {
  const value = await settled(pulumi.output(input).apply((it) => ({ it })));
  return value === undefined ? { isKnown: false } : { isKnown: true, value: value.it };
}

/** The value once it is there; undefined where the engine gives none, as for what `--target` leaves out. */
export function settled<T>(output: pulumi.Output<T>): Promise<T | undefined> {
  // Not part of the public types: without it there is no waiting for an Output whose value is not known.
  return (output as unknown as { promise(withUnknowns: boolean): Promise<T | undefined> }).promise(false);
}

/** True for what Pulumi resolves later. */
export function isLater(value: unknown): boolean {
  return pulumi.Output.isInstance(value) || value instanceof Promise;
}
