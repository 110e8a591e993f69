/**
 * Where the service of a machine is kept.
 *
 * @module
 */

/** Only root writes here, and others may read and run what is in it. */
export const HOME = "/var/lib/sluice";

/** All of the service; nothing of it is anywhere else but its unit. */
export const SERVICE_HOME = `${HOME}/service`;

/** A copy of the program that installed it. */
export const PROGRAM = `${SERVICE_HOME}/program`;

/** What starts that copy: for an init, and for a person. */
export const COMMAND = `${SERVICE_HOME}/sluice`;

/** What was changed on the machine. */
export const RECORD = `${SERVICE_HOME}/installed.json`;

/** The owner's policy, where runners are hooked. */
export const OWNER_POLICY = `${SERVICE_HOME}/policy.yml`;

/** What hooked runners run before and after each job. */
export const HOOKS = {
  started: `${SERVICE_HOME}/job-started.sh`,
  completed: `${SERVICE_HOME}/job-completed.sh`,
} as const;

/** Which runners those are, and what was in their files; for root alone. */
export const RUNNERS = `${SERVICE_HOME}/runners.json`;

/** Its name for systemd. */
export const UNIT = "sluice.service";

/** Where an administrator's units are, systemd.unit(5). */
export const UNIT_FILE = `/etc/systemd/system/${UNIT}`;

/** There where systemd is the init, sd_booted(3). */
export const SYSTEMD_SIGN = "/run/systemd/system";
