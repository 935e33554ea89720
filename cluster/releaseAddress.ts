/** Which release of a cluster. */
export interface ReleaseAddress {
  readonly releaseName: string;
  readonly namespace: string;
}
