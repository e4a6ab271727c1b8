#!/usr/bin/env bash
# Proves the image on a real Docker: builds docker/Dockerfile, runs it locked down, chats through it, stops it.
#
# No image registry is asked for anything, so the base is made here: Debian by debootstrap, and the Node and the npm that
# this checkout uses. The Docker is a private one in namespaces of its own, so nothing survives it, however this ends.
#
# As root on Debian, after `npm ci`: docker/verify.sh
# Exits 0 when every promise holds, 77 when it cannot run here, and says why; otherwise a promise is broken.
set -euo pipefail
cd "$(dirname "$0")/.."

skip() { echo "skip: $1"; exit 77; }
step() { printf '%4ds  %s\n' "$SECONDS" "$1"; }
fail() { printf 'FAILED: %s\n' "$1"; exit 1; }

# Runs a command for at most so many seconds; what it prints is shown only if it fails.
quietly() {
  local seconds=$1; shift
  timeout --kill-after=5 "$seconds" "$@" >"$work/last.log" 2>&1 && return
  tail -n 40 "$work/last.log"
  fail "within ${seconds} s: $*"
}

# Asks again until a command succeeds, for at most so many seconds.
eventually() {
  local deadline=$((SECONDS + $1)); shift
  until "$@" >"$work/last.log" 2>&1; do
    if ((SECONDS >= deadline)); then tail -n 40 "$work/last.log"; fail "in time: $*"; fi
    sleep 0.2
  done
}

[[ $EUID -eq 0 ]] || skip 'a Docker daemon needs root'
command -v apt-get >/dev/null || skip 'the base image is made with the tools of Debian'
# shellcheck source=/dev/null
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
[[ -n $codename ]] || skip 'this machine does not say which release of Debian it is'
unshare --mount --pid --fork mount -t tmpfs tmpfs /mnt 2>/dev/null || skip 'namespaces and mounts are not allowed here'
node=node_modules/node/bin/node
[[ -x $node ]] || fail 'the Node of this checkout is missing: run npm ci first'

# Not in /tmp, which is small where it is memory.
work=$(mktemp -d /var/tmp/tolk-verify.XXXXXX)
group=$(basename "$work")
export DOCKER_HOST="unix://$work/docker.sock" DOCKER_CONFIG="$work/config"
unset DOCKER_CONTEXT
# Debian's own client, if there are several: it fits the daemon. The others of a daemon's programs are root's.
mkdir "$work/bin"
ln -s /usr/bin/docker "$work/bin/docker"
export PATH="$work/bin:$PATH:/usr/sbin:/sbin"
daemon_folders=(/etc/docker /run/docker /run/containerd /run/runc)
daemon='' stand_in='' quiet_services='' made=()

clean_up() {
  local code=$?
  trap '' INT TERM
  if [[ $code -ne 0 && -n $daemon ]]; then
    if timeout 5 docker version >/dev/null 2>&1; then docker logs --tail 20 tolk 2>/dev/null || true; else tail -n 20 "$work/dockerd.log"; fi
  fi
  [[ -z $stand_in ]] || kill "$stand_in" 2>/dev/null || true
  # The daemon is the first process of its namespaces: its end is the end of every process and every mount in them.
  if [[ -n $daemon ]]; then
    # There is no line feed at its end, which read takes for a failure.
    read -r first <"/proc/$daemon/task/$daemon/children" || true
    kill -KILL "${first:-$daemon}" 2>/dev/null || true
    wait "$daemon" 2>/dev/null || true
  fi
  [[ -z $quiet_services ]] || rm -f "$quiet_services"
  for folder in "${made[@]}"; do rmdir "$folder" 2>/dev/null || true; done
  find /sys/fs/cgroup -depth -type d -path "*/$group*" -exec rmdir {} + 2>/dev/null || true
  for _ in 1 2 3 4 5; do rm -rf --one-file-system "$work" 2>/dev/null && break; sleep 1; done
  exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

install_missing() {
  command -v dockerd >/dev/null && command -v docker >/dev/null && command -v debootstrap >/dev/null && return
  step 'install docker.io and debootstrap'
  # A service that is installed is started, unless policy-rc.d forbids it.
  if [[ ! -e /usr/sbin/policy-rc.d ]]; then
    quiet_services=/usr/sbin/policy-rc.d
    printf '#!/bin/sh\nexit 101\n' >"$quiet_services"
    chmod +x "$quiet_services"
  fi
  export DEBIAN_FRONTEND=noninteractive
  local get=(apt-get --yes --no-install-recommends -o DPkg::Lock::Timeout=60)
  quietly 120 "${get[@]}" update
  quietly 240 "${get[@]}" install docker.io debootstrap
  # From Debian 13 on the client is a package of its own.
  command -v docker >/dev/null || quietly 120 "${get[@]}" install docker-cli
}

# What stands in for node:24-slim: a small Debian with Node and npm, in the places the official image has them.
make_base() {
  step "make a base image: Debian $codename, Node $("$node" --version), npm $(npm --version 2>/dev/null)"
  local base=$work/base mirror bundle
  # shellcheck disable=SC2016 # apt's own placeholders
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    awk -v release="$codename" '$2 == release && $3 == "main" { print $1; exit }')
  # In namespaces of its own, because it mounts and may be ended half-way.
  quietly 180 unshare --mount --pid --fork --kill-child debootstrap --variant=minbase "$codename" "$base" ${mirror:+"$mirror"}
  cp -L "$node" "$base/usr/local/bin/node"
  copy_npm "$base/usr/local"

  # The build stage's npm must reach what this machine's npm reaches. The final stage has none of it, as checked below.
  bundle=/etc/ssl/certs/ca-certificates.crt
  mkdir -p "$base/etc/ssl/certs" "$base/usr/local/etc"
  {
    for key in registry proxy https-proxy noproxy strict-ssl; do
      value=$(npm config get "$key" 2>/dev/null)
      [[ -z $value || $value == null ]] || echo "$key=$value"
    done
    grep -h '^//' "$(npm config get userconfig 2>/dev/null)" 2>/dev/null || true
    if [[ -e $bundle ]]; then cat "$bundle" >"$base$bundle"; echo "cafile=$bundle"; fi
  } >"$base/usr/local/etc/npmrc"

  tar -C "$base" --exclude=./var/cache --exclude=./var/lib/apt --exclude=./usr/share/doc --exclude=./usr/share/locale -c . |
    docker import - base >/dev/null
}

# Debian's own npm is spread over the machine; every other comes in one folder.
copy_npm() {
  local npm; npm=$(npm root --global 2>/dev/null)/npm
  if [[ -d $npm/node_modules ]]; then
    mkdir -p "$1/lib/node_modules"
    cp -R "$npm" "$1/lib/node_modules/npm"
    ln -s ../lib/node_modules/npm/bin/npm-cli.js "$1/bin/npm"
  else
    quietly 120 npm install --global --prefix "$1" --no-audit "npm@$(npm --version 2>/dev/null)"
  fi
}

# The daemon hides its traces from the machine: fresh folders over the ones it always writes to, its images in memory.
run_daemon() {
  local work=$1 group=$2 driver=vfs options; shift 2
  for folder in "$work/data" "$@"; do mount -t tmpfs tmpfs "$folder"; done
  mkdir "$work"/data/{lower,upper,scratch,merged}
  options="lowerdir=$work/data/lower,upperdir=$work/data/upper,workdir=$work/data/scratch"
  # vfs works everywhere; where an overlay does too, it copies a gigabyte less.
  if mount -t overlay overlay -o "$options" "$work/data/merged" 2>/dev/null; then umount "$work/data/merged"; driver=overlay2; fi
  exec dockerd --host "unix://$work/docker.sock" --data-root "$work/data/root" --exec-root "$work/exec" --pidfile "$work/pid" \
    --storage-driver "$driver" --bridge=none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false \
    --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/$group"
}
export -f run_daemon

start_daemon() {
  step 'start a private Docker'
  for folder in "${daemon_folders[@]}"; do
    if [[ ! -e $folder ]]; then mkdir "$folder"; made+=("$folder"); fi
  done
  mkdir "$work/data"
  unshare --mount --pid --fork --kill-child --mount-proc bash -euc 'run_daemon "$@"' - \
    "$work" "$group" "${daemon_folders[@]}" >"$work/dockerd.log" 2>&1 &
  daemon=$!
  eventually 30 docker version
}

build() {
  step 'build docker/Dockerfile'
  local version arguments=(--network host --build-arg BASE=base)
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    [[ -z ${!name:-} ]] || arguments+=(--build-arg "$name")
  done
  # BuildKit, which everybody has, if this client can: it came in a package of its own after version 20.
  version=$(docker version --format '{{.Client.Version}}')
  export DOCKER_BUILDKIT=0
  if [[ $version == 20.* ]] || docker buildx version >/dev/null 2>&1; then DOCKER_BUILDKIT=1; fi
  quietly 240 docker build "${arguments[@]}" -f docker/Dockerfile -t tolk .
}

# expect WHAT WANTED GOT
expect() { [[ $2 == "$3" ]] || fail "$1: wanted $2, got $3"; }

look_at_image() {
  step 'look at the image'
  local settings='{{json .Config.Entrypoint}} {{json .Config.Healthcheck.Test}} {{.Config.User}}'
  # Arrays are the exec form; the shell form would begin with /bin/sh or CMD-SHELL.
  expect 'entrypoint, health check and user' \
    '["node","/app/dist/main.js"] ["CMD","node","/app/dist/main.js","health"] 10001:10001' \
    "$(docker image inspect --format "$settings" tolk)"
  local size; size=$(docker image inspect --format '{{.Size}}' tolk)
  ((size < 200000000)) || fail "smaller than 200 MB: $size bytes"

  docker create --name content --network none tolk >/dev/null
  docker export content | tar -t | grep -v '/$' | sort >"$work/files"
  docker cp content:/app/sbom.cdx.json "$work/sbom" >/dev/null
  docker rm content >/dev/null
  expect 'programs in the image' usr/local/bin/node \
    "$(grep -E '(^|/)s?bin/' "$work/files" | grep -v '^app/node_modules/' | paste -sd' ')"
  expect 'strange files' '' "$(grep -E 'npmrc|npm-cli|corepack|ca-certificates' "$work/files" | paste -sd' ' || true)"
  expect 'files of the app that are neither tolk nor its packages' '' \
    "$(grep '^app/' "$work/files" | grep -vE '^app/(package\.json$|sbom\.(cdx|spdx)\.json$|node_modules/|dist/([^/]*\.js(on)?|licences\.txt)$)' | paste -sd' ' || true)"
  expect 'tests in the image' '' \
    "$(grep -v '^app/node_modules/' "$work/files" | grep -E '(^|/)tests?/|\.test\.' | paste -sd' ' || true)"
  # What the lockfile marks neither dev nor optional is what tolk runs on, no less and no more.
  expect 'packages in the image' "$("$node" -p '
      const { packages } = JSON.parse(fs.readFileSync("package-lock.json", "utf8"))
      const runs = ([path, { dev, optional, devOptional }]) => path && !dev && !optional && !devOptional
      Object.entries(packages).filter(runs).map(([path]) => path.slice(13)).sort().join(" ")')" \
    "$(sed -nE 's#^app/node_modules/((@[^/]+/)?[^/]+)/package\.json$#\1#p' "$work/files" | LC_ALL=C sort | paste -sd' ')"
}

# The bill of materials says what is there. By its name alone a package is found twice where it has two versions; none has.
compare_bill() {
  step 'compare its bill of materials'
  expect 'packages in the bill of materials' \
    "$(sed -nE 's#^app/node_modules/((@[^/]+/)?[^/]+)/package\.json$#\1#p' "$work/files" | LC_ALL=C sort | paste -sd' ')" \
    "$("$node" -p 'JSON.parse(fs.readFileSync(process.argv[1], "utf8")).components.map(({ name }) => name).sort().join(" ")' "$work/sbom")"
}

# Every interface and no keys: the image as it comes must not be an open door.
refuse_open_door() {
  step 'refuse to serve everybody'
  local code=0
  timeout 20 docker run --rm --network none tolk >"$work/last.log" 2>&1 || code=$?
  expect 'exit code without keys' 2 "$code"
  grep -q TOLK_API_KEYS "$work/last.log" || fail 'says how to configure keys'
}

run_locked_down() {
  step 'run it: read-only, no capabilities, no new privileges, 64 processes, 512 MB'
  "$node" docker/verify-stand-in.ts >"$work/stand-in" &
  stand_in=$!
  eventually 10 grep -q http "$work/stand-in"
  port=$("$node" -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })')
  key=$("$node" -p 'crypto.randomUUID()')
  # The machine's own network, so loopback only.
  docker run --detach --name tolk --network host \
    --read-only --cap-drop ALL --security-opt no-new-privileges --pids-limit 64 --memory 512m --health-interval 1s \
    --env OLLAMA_HOST="$(cat "$work/stand-in")" --env TOLK_API_KEYS="verify=$key" \
    --env TOLK_HOST=127.0.0.1 --env TOLK_PORT="$port" --env TOLK_LIMITS_PER_KEY_IN_FLIGHT=0 tolk >/dev/null
  eventually 30 is_healthy
  expect 'user, capabilities, new privileges' '10001 0000000000000000 1' "$(docker exec tolk node -p '
    const status = (name) => fs.readFileSync("/proc/1/status", "utf8").match(`${name}:\\s+(\\w+)`)[1];
    [status("Uid"), status("CapEff"), status("NoNewPrivs")].join(" ")')"
}

# With 512 MB in all, three quarters are 384, and the young generation comes on top.
limits_its_heap() {
  local limit; limit=$(docker exec tolk node -p 'Math.round(v8.getHeapStatistics().heap_size_limit / 2 ** 20)')
  ((limit >= 384 && limit < 448)) || fail "a heap of three quarters of 512 MB: $limit MB"
}

is_healthy() {
  [[ $(docker inspect --format '{{.State.Running}} {{.State.Health.Status}}' tolk) == 'true healthy' ]] ||
    { docker inspect --format '{{json .State}}' tolk; false; }
}

chat() {
  step 'chat through it'
  OPENAI_BASE_URL="http://127.0.0.1:$port/v1" OPENAI_API_KEY="$key" quietly 60 "$node" docker/verify-chat.ts
}

load() {
  step 'a thousand streams at once'
  OPENAI_BASE_URL="http://127.0.0.1:$port/v1" OPENAI_API_KEY="$key" quietly 120 "$node" docker/verify-load.ts
  expect 'killed for want of memory, restarts' 'false 0' "$(docker inspect --format '{{.State.OOMKilled}} {{.RestartCount}}' tolk)"
  # After dozens of health checks and what was run beside it.
  expect 'processes that process 1 did not wait for' '' "$(docker exec tolk node -p '
    fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name) && / Z /.test(fs.readFileSync(`/proc/${name}/stat`, "utf8"))).join(" ")')"
}

# With SIGTERM, as every orchestrator does; after ten seconds Docker would kill, and the exit code would tell.
stop() {
  local before=${EPOCHREALTIME/[.,]/} took
  timeout 30 docker stop --time 10 tolk >/dev/null
  took=$(((${EPOCHREALTIME/[.,]/} - before) / 1000))
  step "stopped in $took ms"
  expect 'exit code after SIGTERM' 0 "$(docker inspect --format '{{.State.ExitCode}}' tolk)"
  ((took < 2000)) || fail "stops in under 2 s: took $took ms"
}

install_missing
start_daemon
make_base
build
look_at_image
compare_bill
refuse_open_door
run_locked_down
limits_its_heap
chat
load
stop
step ok
