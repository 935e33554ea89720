import { config } from "chai";

/** A failure that was seen once, on another machine, is all there is to find its cause: chai cuts what it compares at 40 characters. */
config.truncateThreshold = 20_000;
