#!/usr/bin/env bash
# Reranks a file of queries as a Slurm array: one task per shard; a restarted task resumes where it stopped.
#
#   sbatch slurm-array.sh queries.jsonl
#   LC_ALL=C sort -t: -k2,2n part-*.jsonl > ranked.jsonl     # when all tasks have ended
#
#SBATCH --job-name=rerank
#SBATCH --array=0-3
#SBATCH --cpus-per-task=1
#SBATCH --mem=1G
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --signal=TERM@60
#SBATCH --output=rerank-%a.log
#SBATCH --open-mode=append
set -euo pipefail

input=${1:?name the file of queries}
# As many as --array above has. Not SLURM_ARRAY_TASK_COUNT: that changes when only some tasks are submitted again.
shards=4

# exec, so that the signal of Slurm reaches the program and not this shell: the output is whole when it ends.
exec secondpass rerank \
  --input "$input" \
  --output "part-$SLURM_ARRAY_TASK_ID.jsonl" \
  --shard "$SLURM_ARRAY_TASK_ID/$shards" \
  --top-n 10
