/**
 * The action's last entry: when all steps of the job are done.
 *
 * @module
 */
import { post } from "./stages.ts";

process.exit(await post(process.env));
