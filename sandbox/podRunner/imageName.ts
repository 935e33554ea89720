/** A container image taken apart, as far as the sandbox needs it. */
export interface ImageName {
  /** Last segment of the path: `kubectl`. */
  readonly name: string;
  /** Empty for a digest without a tag. */
  readonly tag: string;
  readonly digest: string;
}

export function parseImage(image: string): ImageName {
  const [withTag = "", digest = ""] = image.split("@");
  const last = withTag.split("/").at(-1) ?? "";
  const [name = "", tag = digest ? "" : "latest"] = last.split(":");
  return { name, tag, digest };
}
