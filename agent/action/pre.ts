/**
 * The action's first entry: arms the guard before any step.
 *
 * @module
 */
import { pre } from "./stages.ts";

process.exit(await pre(process.env));
