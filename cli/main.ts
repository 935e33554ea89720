#!/usr/bin/env node
import { milvusUpgrade } from "./program";
import { runProgram } from "./run";

void runProgram(milvusUpgrade());
