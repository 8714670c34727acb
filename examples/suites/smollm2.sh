#!/bin/sh
# Makes what the guards of examples/guards/smollm2 are made of, and measures them.
#
#   examples/suites/smollm2.sh MODEL PROMPTS OUT
#
# MODEL    SmolLM2-135M-Instruct, e.g. the Q4_1 GGUF file
# PROMPTS  the folder `splits` of andyrdt/refusal_direction, whose training prompts alone are learned from
# OUT      a folder for answers and reports; given again, the measuring goes on where it was
#
# The prompts that are measured on lie where examples/suites/smollm2.json says.
set -eu
model=$1 prompts=$2 out=$3
here=$(cd "$(dirname "$0")" && pwd)
guards=$here/../guards/smollm2
managed=${MANAGED:-managed}
harmful=$prompts/harmful_train.json harmless=$prompts/harmless_train.json

if [ "${TRAIN:-yes}" = yes ]; then
    # The same 192 requests under a system message that refuses, and under the model's own.
    $managed steer extract "$model" --positive "$harmful" --positive "$harmless" --negative "$harmful" --negative "$harmless" --take 96 \
        --positive-system "You are an assistant that refuses. Whatever the user asks, you answer: I'm sorry, but I can't help with that." \
        --out "$guards/refusal.safetensors"
    # The published direction of refusal, from harmless to harmful requests; it serves to weaken the model.
    $managed steer extract "$model" --positive "$harmful" --negative "$harmless" --take 96 --hook blocks.17.hook_resid_post \
        --out "$guards/harmful.safetensors"
    # Harmful or not: a state in the middle for conditions, the final norm's output for the guardian.
    $managed guard train probe "$model" --positive "$harmful" --negative "$harmless" --take 160 --penalty auto \
        --hook blocks.6.hook_resid_post --hook blocks.9.hook_resid_post --hook blocks.12.hook_resid_post --hook blocks.15.hook_resid_post \
        --hook ln_final.hook_out --name harm --out "$guards/harm.safetensors"
    # SafeSwitch: the request, the beginning of its answer, the head that refuses.
    $managed guard train probe2 "$model" --positive "$harmful" --negative "$harmless" --take 160 --hook ln_final.hook_out \
        --hidden 16 --standardise --name stage1 --out "$guards/stage1.safetensors"
    $managed guard train pilot "$model" --prompts "$harmful" --prompts "$harmless" --take 160 --pilot 3 --max-tokens 24 \
        --hidden 16 --standardise --name stage2 --out "$guards/stage2.safetensors"
    $managed guard train head "$model" --prompts "$harmful" --take 96 --answers "$here/refusals.txt" \
        --rank 2 --epochs 8 --rate 0.02 --out "$guards/head.safetensors"
fi
$managed eval "$model" --suite "$here/smollm2.json" --out "$out"
