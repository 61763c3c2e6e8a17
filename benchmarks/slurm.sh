#!/usr/bin/env bash
# The engine `slurm` against a real SLURM of one machine: the same table as `local`, also where a job is taken away.
#
#   apt-get install slurm-wlm munge        (Debian; as root)
#   benchmarks/slurm.sh [PYTHON]           (as root; takes a few minutes)
set -euo pipefail
python=${1:-python}
folder=$(mktemp -d)
host=$(hostname -s)
trap 'kill $(cat "$folder"/*.pid 2>/dev/null) 2>/dev/null || true; rm -rf "$folder"' EXIT
pgrep -x munged >/dev/null || service munge start
cat > "$folder/slurm.conf" <<CONF
ClusterName=one
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
AuthType=auth/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobRequeue=1
MpiDefault=none
ReturnToService=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=short Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
mkdir -p "$folder/state" "$folder/spool"
export SLURM_CONF=$folder/slurm.conf
slurmctld -f "$folder/slurm.conf"
slurmd -f "$folder/slurm.conf"
for _ in $(seq 30); do sinfo -h -o %t | grep -q idle && break; sleep 1; done
sinfo
cat > "$folder/go.py" <<'GO'
import subprocess, sys, threading, time
from pathlib import Path
from tests.training.test_engines import WORLD, train
from transfer_analysis.training.engines.engine import Options
from transfer_analysis.training.pretraining.built import Shape, new_encoder, save_encoder

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    words = sorted({w for code in WORLD.spoken for w in WORLD.pieces(code)})
    shape = Shape(layers=1, hidden=16, heads=2, feed_forward=16)
    save_encoder(new_encoder("tiny", [".", *words], shape, 0), folder / "tiny")
    reference = train(folder, folder / "reference", workers=2).table.frame

    def take_away():
        """Ask the first jobs that run for a checkpoint, as before a time limit, and end another one."""
        done = 0
        while done < 3:
            time.sleep(3)
            jobs = subprocess.run(["squeue", "-h", "-t", "R", "-o", "%A %i"], capture_output=True, text=True).stdout
            for line in jobs.splitlines()[:1]:
                job = line.split()[1]
                how = ["--signal=USR2"] if done < 2 else ["--signal=TERM"]
                print("taking away", job, how, flush=True)
                subprocess.run(["scancel", *how, job], check=False)
                done += 1

    threading.Thread(target=take_away, daemon=True).start()
    start = time.perf_counter()
    found = train(folder, folder / "slurm", "slurm", 2, Options(partition="short", minutes=5), checkpoint_every=0)
    print(f"{len(found.table)} rows in {time.perf_counter() - start:.0f} s, failures: {found.failures}")
    assert found.table.frame.equals(reference), "another table"
    for path in [*(folder / "reference").glob("*.safetensors"), *(folder / "reference").glob("*.parquet")]:
        assert (folder / "slurm" / path.name).read_bytes() == path.read_bytes(), path.name
    print("the same table, weights and outputs as the engine local, byte for byte")
GO
PYTHONPATH=$PWD "$python" "$folder/go.py" "$folder" || { tail -20 "$folder"/slurm*.log; ls "$folder/slurm/slurm" | head; tail -n 5 "$folder"/slurm/slurm/*.err 2>/dev/null | tail -60; exit 1; }
