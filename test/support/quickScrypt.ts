import { createRequire } from "node:module";

/**
 * The hash over the Helm values of a plan is slow on purpose, a twentieth of a second of a processor: the tests, which only want a
 * plan, have it made with the least work. How much the product asks for is in test/unit/upgrade/approval.test.ts.
 */
const crypto = createRequire(__filename)("node:crypto") as { scrypt: (...args: unknown[]) => void };
const { scrypt } = crypto;

crypto.scrypt = (password, salt, length, ...rest) => scrypt(password, salt, length, { N: 2 }, rest.at(-1));
