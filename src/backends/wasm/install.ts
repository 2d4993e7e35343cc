/** Loading this gives the program the compiler. */
import { installCompiler } from "../compiler.ts";
import * as compiler from "./parts.ts";

installCompiler(compiler);
