/**
 * What `sluice --help` prints.
 *
 * @module
 */

/** The commands, their flags and their exit codes. */
export const HELP = `Sluice: the guarded way out of a CI runner

  sluice run [flags] -- COMMAND…   guard one command, exit with its code
  sluice start [flags]             guard this host, or --netns PATH
  sluice status [--state DIR]      the guard's state, as JSON
  sluice stop [--state DIR]        disarm, restore, report
  sluice report JOURNAL            render a journal
        --format markdown|json  --output FILE
  sluice explain [policy] HOST[:PORT]   which entry decides, and why
  sluice check POLICY              validate a policy file
  sluice doctor [--install]        what is missing on this machine

Policy
  --policy FILE          YAML, see README
  --egress audit|block   audit records and lets go, block refuses
  --allow ENDPOINT       host[:port][/udp], *.host, address[/prefix][:port]
  --deny ENDPOINT        refused in audit mode too

Where
  --netns PATH           a network namespace, such as /run/netns/NAME
  --resolver ADDRESS     a DNS server that may be asked (repeatable)
  --state DIR            default /run/sluice
  --journal FILE         default in the state directory

What
  --watch PARTS          network; process and source are not watched yet
  --workspace DIR        where the source is; not watched yet
  --self-test            prove the guard before using it, the default
  --no-self-test         do not
  --on-failure continue  go on unguarded when the guard cannot be armed
  --help                 this text

Exit codes
  0 done; under run the command's own, 126 or 127 when it cannot be started
  2 usage or policy error    3 cannot arm
  4 denied egress, where the policy says \`on: { denied: fail }\`; in block mode
    also when somebody has tampered with the guard`;
