/** `pulumi up --policy-pack policy`: guard rails for every stack that has a Milvus, whatever program declares it. */
import { PolicyPack } from "@pulumi/policy";
import { POLICIES } from "./policies";

new PolicyPack("milvus-upgrade", { policies: POLICIES });
