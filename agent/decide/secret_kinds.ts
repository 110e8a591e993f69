/**
 * The files in which credentials are kept, and who has business with them.
 *
 * @module
 */

/** Where a path begins. */
export type SecretBase =
  /** A user's home directory. */
  | "home"
  /** A work space. */
  | "work"
  /** What a runner hands to its steps: `_temp`. */
  | "temp"
  /** A repository's own: `.git`. */
  | "git";

/** One kind of secret. */
export interface SecretKind {
  /** For a person, such as `npm's tokens`. */
  readonly title: string;
  /** Paths; a `*` in the last part stands for any characters. */
  readonly places: Readonly<Partial<Record<SecretBase, string>>>;
  /** What a file holds that is a secret; null when every such file is one. */
  readonly holds: RegExp | null;
  /** Executables by name; a `*` at the end stands for any characters. */
  readonly programs: string;
  /** The end of a script's path, behind an interpreter. */
  readonly scripts?: RegExp;
  /** Python's modules, behind `-m`. */
  readonly modules?: string;
  /** An argument of `java`: the class that it begins with. */
  readonly classes?: RegExp;
  /** Actions of a workflow: `owner/repository`, or an owner with a slash. */
  readonly actions?: string;
}

/** `user:password@` in a URL, RFC 3986 section 3.2.1. */
const IN_URL = String.raw`:\/\/[^\s/:@]{0,256}:[^\s/@]{1,1024}@`;

const CLOUDS = "packer pulumi* rclone terraform terragrunt tofu";

/** The table, which README lists. */
export const SECRET_KINDS: readonly SecretKind[] = [
  {
    title: "passwords of hosts",
    places: { home: ".netrc" },
    holds: /\bpassword\s+\S/,
    programs: "curl ftp git git-* go heroku lftp uv wget",
    scripts: /\/bin\/pip[0-9.]*$/,
    modules: "pip",
  },
  {
    title: "git's tokens",
    places: {
      home: ".git-credentials .config/git/credentials .gitconfig " +
        ".config/git/config",
      temp: "git-credentials-*.config",
      git: "config",
    },
    holds: new RegExp(
      String.raw`extraheader\s*=\s*"?authorization|${IN_URL}`,
      "i",
    ),
    programs: "cargo gh git git-* glab hub jj lazygit tig",
    actions: "actions/checkout",
  },
  {
    title: "npm's tokens",
    places: {
      home: ".npmrc .yarnrc .yarnrc.yml .bunfig.toml",
      work: ".npmrc .yarnrc .yarnrc.yml bunfig.toml",
      temp: ".npmrc",
    },
    // What stands in the environment is no secret of this file's.
    holds:
      /(?:_auth|_authToken|_password|npmAuth(?:Token|Ident)|\btoken)"?\s{0,9}[=:]\s{0,9}"?(?!\$|\s)./,
    programs: "bun deno npm pnpm yarn",
    scripts:
      /\/(?:npm\/bin\/np[mx]-cli\.js|pnpm\/(?:[\d.]+\/)?(?:bin|dist)\/pnpm\.[cm]?js|yarn\/(?:[\d.]+\/)?(?:bin\/|lib\/)?yarn[\w.-]*(?:js)?|\.yarn\/releases\/yarn-[\w.-]+|corepack\/dist\/\w+\.js)$/,
    actions: "actions/setup-node",
  },
  {
    title: "Python's package indexes",
    places: {
      home: ".pypirc .config/pypoetry/auth.toml .pip/pip.conf " +
        ".config/pip/pip.conf .config/uv/uv.toml",
    },
    holds: new RegExp(String.raw`\bpassword\s{0,9}[=:]|${IN_URL}`),
    programs: "uv",
    scripts:
      /\/bin\/(?:flit|hatch|pip-compile|pip[0-9.]*|pipenv|poetry|twine)$/,
    modules: "flit hatch pip pipenv poetry twine",
  },
  {
    title: "registries of containers",
    places: { home: ".docker/config.json .config/containers/auth.json" },
    holds: /"(?:auth|identitytoken|registrytoken|password)"\s{0,9}:\s{0,9}"./,
    programs: "buildah buildctl buildx cosign crane dagger dive docker " +
      "docker-* earthly executor gcrane grype helm ko nerdctl oras pack " +
      "podman regctl regsync skaffold skopeo syft tilt trivy",
    actions: "docker/",
  },
  {
    title: "AWS",
    places: {
      home: ".aws/credentials .aws/config .aws/sso/cache/*.json " +
        ".aws/cli/cache/*.json",
    },
    holds: /aws_secret_access_key|aws_session_token|SecretAccessKey|Token"/,
    programs: `aws aws-* chamber docker-credential-ecr-login eksctl ` +
      `s5cmd ${CLOUDS}`,
    scripts:
      /\/bin\/(?:aws|cdk|eb|s3cmd|sam|serverless|sls)$|\/aws-cdk\/bin\/cdk$/,
    modules: "awscli samcli",
    actions: "aws-actions/",
  },
  {
    title: "Google Cloud",
    places: {
      home: ".config/gcloud/access_tokens.db " +
        ".config/gcloud/application_default_credentials.json " +
        ".config/gcloud/credentials.db",
      work: "gha-creds-*.json",
    },
    holds: null,
    programs: `bq docker-credential-gc* gcloud gke-gcloud-auth-plugin ` +
      `gsutil ${CLOUDS}`,
    scripts: /\/(?:google-cloud-sdk|gcloud)\/.*\.py$/,
    actions: "google-github-actions/",
  },
  {
    title: "Azure",
    places: {
      home: ".azure/accessTokens.json .azure/msal_token_cache.* " +
        ".azure/service_principal_entries.*",
    },
    holds: null,
    programs: `az azd bicep func kubelogin pwsh ${CLOUDS}`,
    scripts: /\/bin\/az$/,
    modules: "azure.cli",
    actions: "azure/",
  },
  {
    title: "Kubernetes",
    places: { home: ".kube/config" },
    holds: /\b(?:client-key-data|password|token):/,
    programs: "argocd eksctl flux helm istioctl k0s k3d k3s k9s kind " +
      `kubectl kubectl-* kustomize minikube oc skaffold stern tilt velero ` +
      `werf ${CLOUDS}`,
    actions: "azure/",
  },
  {
    title: "keys of SSH",
    places: { home: ".ssh/id_* .ssh/*.pem .ssh/identity" },
    holds: /PRIVATE KEY/,
    programs: "scp sftp ssh ssh-add ssh-agent ssh-keygen",
  },
  {
    title: "keys of GnuPG",
    places: { home: ".gnupg/private-keys-v1.d/*.key .gnupg/secring.gpg" },
    holds: null,
    programs: "gpg gpg-* gpg1 gpg2 gpgsm keyboxd",
  },
  {
    title: "tokens of cargo",
    places: { home: ".cargo/credentials .cargo/credentials.toml" },
    holds: /\btoken\s{0,9}=/,
    programs: "cargo cargo-*",
  },
  {
    title: "repositories of Maven and Gradle",
    places: {
      home: ".m2/settings.xml .m2/settings-security.xml " +
        ".gradle/gradle.properties",
    },
    holds:
      /<(?:master|passphrase|password|privateKey)>(?!\$\{env)|(?:password|token|secret|passphrase)\s{0,9}[=:]\s{0,9}\S/i,
    programs: "mvnd",
    classes:
      /^org\.(?:codehaus\.plexus\.classworlds\.launcher\.Launcher|gradle\.(?:launcher|wrapper)\.[\w.]+|apache\.maven\.wrapper\.MavenWrapperMain)$/,
  },
  {
    title: "RubyGems",
    places: {
      home: ".gem/credentials .local/share/gem/credentials .bundle/config",
    },
    holds: /rubygems_api_key|BUNDLE_[A-Z0-9_]+:\s{0,9}"?[^\s:]+:\S/,
    programs: "",
    scripts: /\/bin\/(?:bundle|bundler|gem|rake)[0-9.]*$/,
  },
  {
    title: "tokens of GitHub's and GitLab's tools",
    places: {
      home: ".config/gh/hosts.yml .config/hub .config/glab-cli/config.yml",
    },
    holds: /token:\s{0,9}\S/,
    programs: "gh gh-* glab hub",
  },
  {
    title: "NuGet's feeds",
    places: {
      home: ".nuget/NuGet/NuGet.Config .config/NuGet/NuGet.Config",
    },
    holds: /password/i,
    programs: "dotnet mono MSBuild msbuild nuget",
  },
  {
    title: "Composer's tokens",
    places: { home: ".composer/auth.json .config/composer/auth.json" },
    holds: null,
    programs: "",
    scripts: /\/composer(?:\.phar)?$/,
  },
  {
    title: "Terraform and Vault",
    places: {
      home: ".terraformrc .terraform.d/credentials.tfrc.json .vault-token",
    },
    holds: null,
    programs: "terraform terragrunt tofu vault",
  },
  {
    title: "databases",
    places: { home: ".my.cnf .pgpass" },
    holds: /\bpassword|:/,
    programs: "createdb dropdb mariadb* mysql* pg_* psql vacuumdb",
  },
];
