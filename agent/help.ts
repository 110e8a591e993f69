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
  sluice step NAME -- COMMAND…     run a command as a step of that name
  sluice report JOURNAL            render a journal
        --format markdown|json  --output FILE
  sluice recommend JOURNAL…        the smallest policy for these runs, as YAML
        --scope none|step|process   whom its entries are for; step unless said
  sluice replay JOURNAL [policy]   what another policy would have done
        --format text|json
  sluice explain [policy] HOST[:PORT]   which entry decides, and why
        --step NAME  --process PATH   for whom
        or ./FILE in place of the host: what becomes of a change of it
  sluice check POLICY              validate a policy file
  sluice doctor [--install]        what is missing on this machine
  sluice service ACT               this machine's service, which guards jobs of
                                   runners without sudo
        install|remove|status, or run: the service itself, for any init
        install --policy FILE --runner DIR…   all jobs of these runners are
                                   guarded by that policy
  sluice migrate FILE…             put Sluice in the place of Harden-Runner or
                                   Bullfrog in workflows and actions
        --to 'OWNER/REPO@COMMIT # VERSION'   what they are to use
        --check                    only tell; exit code 1 when there is any

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
  --watch PARTS          network,process,source unless told otherwise; the
                         network always is
  --workspace DIR        where the sources are (repeatable); unless it is given,
                         the runner's work space or the repository around you
  --self-test            prove the guard before using it, the default
  --no-self-test         do not
  --on-failure continue  go on unguarded when the guard cannot be armed
  --help                 this text

Exit codes
  0 done; under run the command's own, 126 or 127 when it cannot be started
  2 usage or policy error    3 cannot arm
  4 what a replay would newly refuse;
    denied egress, where the policy says \`on: { denied: fail }\`, or overwritten
    sources, where it says \`on: { overwritten: fail }\`; in block mode also when
    somebody has tampered with the guard`;
