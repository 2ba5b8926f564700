#!/bin/bash
# slurm.sh - an array job for the shards, and a job that links when all of them are done. From the project's directory:
#
#	samples/scale/slurm.sh SHARDS OUT
#
# OUT is on a file system that all nodes share. A task that fails is queued again by Slurm (--requeue).
set -eu
n=${1:?usage: slurm.sh SHARDS OUT} out=${2:?usage: slurm.sh SHARDS OUT}
# shellcheck disable=SC2016
id=$(sbatch --parsable --requeue --array="1-$n" --wrap 'tvt-lint map -q --shard "$SLURM_ARRAY_TASK_ID/'"$n"'" -o "'"$out"'"')
sbatch --dependency="afterok:$id" --wrap "tvt-lint link '$out'"
