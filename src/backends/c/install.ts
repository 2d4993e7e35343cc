/** Loading this gives the program the backend that compiles C. */
import { installNative } from "../compiler.ts";
import * as native from "./index.ts";

installNative(native);
