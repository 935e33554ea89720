import { splitVariant } from "./versions";

/** A container image taken apart. */
export interface Image {
  /** `registry.example.com/milvusdb/milvus`. */
  readonly repository: string;
  readonly tag?: string;
  /** `sha256:…`. */
  readonly digest?: string;
  /** Milvus version that the tag names; missing for a digest alone, `latest` or a build of one day or commit. */
  readonly version?: string;
  /** What follows the version in the tag, such as `-gpu`; empty when nothing does. */
  readonly variant: string;
}

/** Parts of a tag that name a build of one day or one commit: `v2.4.5-20240801-4a8b4f9d` is some code near 2.4.5. */
const ONE_BUILD = /^(?:\d{6,}|[0-9a-f]{7,})$/;

/** Every component of a cluster has the same image, or nearly so, and it is looked at many times in each plan. */
const images = new Map<string, Image>();
const MOST_IMAGES = 1000;

export function parseImage(image: string): Image {
  const known = images.get(image);
  if (known !== undefined) return known;
  if (images.size >= MOST_IMAGES) images.clear();
  const fresh = parseFresh(image);
  images.set(image, fresh);
  return fresh;
}

function parseFresh(image: string): Image {
  const [name = "", digest] = image.split("@");
  // A colon before the last slash belongs to the registry's port.
  const colon = name.indexOf(":", name.lastIndexOf("/"));
  const repository = colon < 0 ? name : name.slice(0, colon);
  const tag = colon < 0 ? undefined : name.slice(colon + 1);
  return { repository, ...(tag && { tag }), ...(digest && { digest }), ...parseTag(tag ?? "") };
}

/** Version and variant of a tag, which may carry a digest: `v2.4.5-gpu@sha256:…`. */
export function parseTag(text: string): Pick<Image, "version" | "variant"> {
  const tag = text.split("@")[0] ?? "";
  const split = splitVariant(tag);
  const variant = split?.variant.split("-") ?? [];
  // v2.4.0-latest is some build of 2.4 and another one tomorrow.
  if (!split || variant.includes("latest")) return { variant: "" };
  const parts = variant.filter((part) => part !== "" && !ONE_BUILD.test(part));
  const isRelease = !variant.some((part) => ONE_BUILD.test(part));
  return { ...(isRelease && { version: split.version }), variant: parts.map((part) => `-${part}`).join("") };
}
