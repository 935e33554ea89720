/**
 * Real standalone servers that PyPI's package `milvus` carries, one for each release, with the SHA-256 of the wheel for
 * Linux on x86-64. Releases that are not here were never published there.
 */
export const SERVER_PACKAGES = {
  "2.2.4": "0ff1fd9a2859abb259c5fbd6741cb48b2bf5b777181800c8a1ec2f1098512baa",
  "2.2.5": "109b95459feef2e0407fa6804cefe5cafcb391b7f746d59bf9821ffb3bf0be40",
  "2.2.6": "4e55577d6dea3792b73a81ad231540b5830f931fdfc997843dafa454051ad1ad",
  "2.2.8": "344d15fd7663ea2ce2c7585dadadefc41757ddee5749f4da780a06204b6b4734",
  "2.2.9": "a89197c921b1eb219f7321154043d2a97e88d91d5b63a3656ba624eb920582f9",
  "2.2.10": "df7018c2d8feefb83e32cec38c79a24f42cb098f4e00769e2ddf60368a24a396",
  "2.2.11": "d124cf7d6f914177ba14fb38c6a4ea305e3b6a8a09a86e7fc80f44270c0f6ede",
  "2.2.12": "348bd7f1ad63586cffc554b6d53e27bf88c72da388a02551bf276ab4c0ad9b4a",
  "2.2.13": "9f95afcdb7b8912ae7c8a02604ed3a057462df25e6fa22112db1ead828e371a1",
  "2.2.14": "caf3e8bb2481497915d37eaf989bd779d521a078d748ed1a1881ab1c2b2a2b2d",
  "2.2.15": "ceb4f118ebba088bbfe83208794c19122c2339aad1c5eb974e9765bc220b5029",
  "2.2.16": "ea5bd32251b7bcad629d7e46c307414a586c96b4a50491d04a08db42fca8fba9",
  "2.3.0": "0560c279f4559bb338a0e9642a5c1e323ac0a3de276a6d34a7b8197b467acfc1",
  "2.3.1": "3e553c5c597c34957a06266315c88ce5f3cc721c542f71d9568ccdb7f4b720b0",
  "2.3.2": "6b4ea55e7796a82d6c9d825251e897df6f30075753f3bb663961fe506fb30515",
  "2.3.3": "39c26ebb54808e1d46a063d3c3799ffe60fe4576aebef61be8ee6653ae600bc0",
  "2.3.4": "fe3e33853cfcf9afc76e4efaf3fa0b6b62258b833e40294095f86ac49e6bbd47",
  "2.3.5": "69515a0630ce29fd10e101fa442afea8ca1387b93a456cd9bd41fdf3deb93d04",
} as const satisfies Record<string, string>;
export type ServerVersion = keyof typeof SERVER_PACKAGES;

export function hasServer(version: string): version is ServerVersion {
  return Object.hasOwn(SERVER_PACKAGES, version);
}
