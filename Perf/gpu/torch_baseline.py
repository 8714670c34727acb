"""PyTorch's side of the comparison: a llama of the same sizes, bf16, random weights, with a static key/value cache.

Plain torch and nothing else; projections of one input are one matrix. Compiled: one block by torch.compile, reused for all layers,
and the decode step recorded as a CUDA graph. Prints a line per figure: what, value, share of what.
"""
import argparse
import statistics
import time

import torch
import torch.nn.functional as F

SHAPES = {  # layers, width, mlp, heads, key heads, head dimension, vocabulary
    "1.1b": (22, 2048, 5632, 32, 4, 64, 32000),
    "8b": (32, 4096, 14336, 32, 8, 128, 128256),
    "tiny": (2, 256, 512, 8, 2, 32, 512),
}
BF16, DEVICE = torch.bfloat16, "cuda"


def show(what, value, share=""):
    print(f"  {what:<58} {value:>18}   {share}", flush=True)


def median_seconds(run, seconds, most=50):
    """Median time of run(), after one that does not count."""
    run()
    torch.cuda.synchronize()
    times, end = [], time.perf_counter() + seconds
    while len(times) < 3 or (time.perf_counter() < end and len(times) < most):
        start = time.perf_counter()
        run()
        torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def rotate(x, cos, sin):  # [batch, heads, tokens, dimension], halves
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)


def project(x, norm, qkv, cos, sin, sizes):
    heads, key_heads, dimension = sizes
    batch, tokens, _ = x.shape
    both = F.linear(F.rms_norm(x, (x.shape[-1],), norm, 1e-5), qkv).view(batch, tokens, heads + 2 * key_heads, dimension).transpose(1, 2)
    q, k, v = both.split((heads, key_heads, key_heads), dim=1)
    return rotate(q, cos, sin), rotate(k, cos, sin), v


def finish(x, mixed, output, norm, gate_up, down):
    batch, tokens, width = x.shape
    x = x + F.linear(mixed.transpose(1, 2).reshape(batch, tokens, -1), output)
    gate, up = F.linear(F.rms_norm(x, (width,), norm, 1e-5), gate_up).chunk(2, dim=-1)
    return x + F.linear(F.silu(gate) * up, down)


def prefill_block(x, norm1, qkv, output, norm2, gate_up, down, keys, values, cos, sin, sizes):
    q, k, v = project(x, norm1, qkv, cos, sin, sizes)
    keys[:, :, : x.shape[1]] = k
    values[:, :, : x.shape[1]] = v
    mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
    return finish(x, mixed, output, norm2, gate_up, down)


def decode_block(x, norm1, qkv, output, norm2, gate_up, down, keys, values, cos, sin, position, mask, sizes):
    q, k, v = project(x, norm1, qkv, cos, sin, sizes)
    keys.index_copy_(2, position, k)
    values.index_copy_(2, position, v)
    heads, key_heads, dimension = sizes
    batch = x.shape[0]
    # The heads that share a key stand as queries of one head: nothing is copied.
    mixed = F.scaled_dot_product_attention(q.reshape(batch, key_heads, heads // key_heads, dimension), keys, values, attn_mask=mask)
    return finish(x, mixed.reshape(batch, heads, 1, dimension), output, norm2, gate_up, down)


class Llama:
    def __init__(self, shape, layers=None):
        count, self.width, mlp, heads, key_heads, dimension, vocabulary = shape
        self.sizes = (heads, key_heads, dimension)
        self.vocabulary = vocabulary
        torch.manual_seed(0)

        def weight(*size):
            return torch.empty(size, dtype=BF16, device=DEVICE).normal_(0, 0.02)

        self.embedding, self.head = weight(vocabulary, self.width), weight(vocabulary, self.width)
        gain = torch.ones(self.width, dtype=BF16, device=DEVICE)
        self.norm = gain.clone()
        self.blocks = [
            (gain.clone(), weight((heads + 2 * key_heads) * dimension, self.width), weight(self.width, heads * dimension),
             gain.clone(), weight(2 * mlp, self.width), weight(self.width, mlp))
            for _ in range(layers or count)
        ]
        frequencies = 10000.0 ** (-torch.arange(0, dimension, 2, device=DEVICE).float() / dimension)
        angles = torch.outer(torch.arange(4096, device=DEVICE).float(), frequencies)
        self.cos, self.sin = angles.cos().to(BF16), angles.sin().to(BF16)
        # of the embedding one row is read
        self.bytes = 2 * (self.head.numel() + sum(part.numel() for block in self.blocks for part in block))

    def cache(self, batch, length):
        _, key_heads, dimension = self.sizes
        return [tuple(torch.zeros(batch, key_heads, length, dimension, dtype=BF16, device=DEVICE) for _ in range(2)) for _ in self.blocks]

    def logits(self, x):
        return F.linear(F.rms_norm(x[:, -1], (self.width,), self.norm, 1e-5), self.head)

    def prefill(self, ids, cache, block):
        x = F.embedding(ids, self.embedding)
        cos, sin = self.cos[: ids.shape[1]], self.sin[: ids.shape[1]]
        for weights, (keys, values) in zip(self.blocks, cache):
            x = block(x, *weights, keys, values, cos, sin, self.sizes)
        return self.logits(x)

    def decode(self, ids, position, cache, block):
        """One step: ids [batch, 1] and position [1] are on the device; gives the logits."""
        x = F.embedding(ids, self.embedding)
        cos, sin = self.cos.index_select(0, position), self.sin.index_select(0, position)
        length = cache[0][0].shape[2]
        mask = (torch.arange(length, device=DEVICE) <= position).view(1, 1, 1, length).expand(1, 1, self.sizes[0] // self.sizes[1], length)
        for weights, (keys, values) in zip(self.blocks, cache):
            x = block(x, *weights, keys, values, cos, sin, position, mask, self.sizes)
        return self.logits(x)


def check(what, logits):
    if not torch.isfinite(logits).all():
        raise SystemExit(f"{what}: logits are not numbers")


def prefills(model, prompts, seconds, blocks):
    for tokens in prompts:
        ids = (torch.arange(tokens, device=DEVICE) * 37 % model.vocabulary)[None]
        cache = model.cache(1, tokens)
        for name, block in blocks:
            check(name, model.prefill(ids, cache, block))
            took = median_seconds(lambda: model.prefill(ids, cache, block), seconds)
            show(f"torch {name}: prompt of {tokens} tokens", f"{tokens / took:.0f} tokens/s", f"{took * 1e3:.2f} ms")


def decodes(model, batches, context, seconds, bandwidth, blocks):
    for batch in batches:
        cache = model.cache(batch, max(256, context + 128))
        for name, block in blocks:
            ids = torch.full((batch, 1), 5, device=DEVICE)
            position = torch.full((1,), context, device=DEVICE)

            def step():
                logits = model.decode(ids, position, cache, block)
                ids.copy_(logits.argmax(dim=-1, keepdim=True))
                position.add_(1)
                return logits

            check(name, step())
            run = step
            if name != "eager":
                side = torch.cuda.Stream()
                side.wait_stream(torch.cuda.current_stream())
                with torch.cuda.stream(side):
                    for _ in range(3):
                        step()
                torch.cuda.current_stream().wait_stream(side)
                graph = torch.cuda.CUDAGraph()
                with torch.cuda.graph(graph):
                    step()
                run = graph.replay
            steps = 32

            def many():
                position.fill_(context)
                for _ in range(steps):
                    run()

            took = median_seconds(many, seconds) / steps
            show(f"torch {name}: decode, {batch} row{'' if batch == 1 else 's'}", f"{batch / took:.1f} tokens/s",
                 f"{100 * model.bytes / took / bandwidth:.1f} % of the read bandwidth ({took * 1e3:.3f} ms a step)")


def machine(seconds):
    """Bytes that a sum reads in a second, and what a product and a copy give."""
    data = torch.ones(1 << 30, dtype=torch.int32, device=DEVICE)
    read = data.nbytes / median_seconds(lambda: torch.sum(data, dtype=torch.int32), seconds)
    other = torch.empty_like(data)
    copied = 2 * data.nbytes / median_seconds(lambda: other.copy_(data), seconds)
    show("torch: memory, read by a sum", f"{read / 1e9:.1f} GB/s")
    show("torch: memory, copied (read and written)", f"{copied / 1e9:.1f} GB/s")
    del data, other
    n = 4096
    a, b = (torch.randn(n, n, dtype=BF16, device=DEVICE) for _ in range(2))
    out = torch.empty(n, n, dtype=BF16, device=DEVICE)

    def products():
        for _ in range(20):
            torch.matmul(a, b.t(), out=out)

    took = median_seconds(products, seconds) / 20
    show(f"torch: bf16 matrix product, {n} x {n} x {n}", f"{2 * n**3 / took / 1e12:.1f} TFLOP/s", f"{took * 1e6:.1f} us")
    return max(read, copied)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--shape", choices=SHAPES, default="1.1b")
    arguments.add_argument("--layers", type=int, help="fewer blocks, for a try")
    arguments.add_argument("--prompts", default="512,2048")
    arguments.add_argument("--batches", default="1,16,64")
    arguments.add_argument("--context", type=int, default=64)
    arguments.add_argument("--seconds", type=float, default=1.0, help="about so long for each figure")
    arguments.add_argument("--no-compile", action="store_true")
    wanted = arguments.parse_args()
    numbers = lambda text: [int(number) for number in text.split(",") if number]  # noqa: E731
    print(f"torch {torch.__version__} on {torch.cuda.get_device_name()}, llama-{wanted.shape}"
          + (f" with {wanted.layers} blocks" if wanted.layers else ""), flush=True)
    with torch.inference_mode():
        bandwidth = machine(wanted.seconds / 2)
        model = Llama(SHAPES[wanted.shape], wanted.layers)
        compiled = lambda block: [] if wanted.no_compile else [("compiled", torch.compile(block, dynamic=False))]  # noqa: E731
        start = time.perf_counter()
        decodes(model, numbers(wanted.batches), wanted.context, wanted.seconds, bandwidth, [("eager", decode_block)] + compiled(decode_block))
        prefills(model, numbers(wanted.prompts), wanted.seconds, [("eager", prefill_block)] + compiled(prefill_block))
        print(f"  ({time.perf_counter() - start:.0f} s, compiling included)", flush=True)


if __name__ == "__main__":
    main()
