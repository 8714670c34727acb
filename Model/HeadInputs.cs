using Managed.Architectures;
using Managed.Hooks;
using Managed.Kernels;
using Managed.Weights;

namespace Managed;

/// <summary>
/// The points where each head has an input of its own: hook_attn_in, hook_q_input, hook_k_input, hook_v_input.
/// They show the residual stream once per head. Only when a hook has changed what it saw are the projections
/// computed again, head by head, from what it left there.
/// </summary>
/// <remarks>With fewer key heads than heads, a key head reads the mean of its group in hook_attn_in.</remarks>
internal sealed class HeadInputs(ForwardPass pass)
{
    private readonly IDevice device = pass.Device;

    public void Apply(int layer, AttentionSpec attention, LayerWeights block, Rows stream, Rows queries, Rows keys, Rows values)
    {
        int keysFrom = queries.Width, valuesFrom = queries.Width + keys.Width;
        if (Edited(HookPoint.AttentionIn, layer, stream, attention.Heads) is { } shared)
        {
            float[] grouped = MeanOfGroups(shared, attention, stream.Width);
            Recompute(queries, 0, attention.Heads, shared, block, block.Query, stream.Width);
            Recompute(keys, keysFrom, attention.KeyHeads, grouped, block, block.Key, stream.Width);
            Recompute(values, valuesFrom, attention.KeyHeads, grouped, block, block.Value, stream.Width);
        }
        if (Edited(HookPoint.QueryInput, layer, stream, attention.Heads) is { } query)
            Recompute(queries, 0, attention.Heads, query, block, block.Query, stream.Width);
        if (Edited(HookPoint.KeyInput, layer, stream, attention.KeyHeads) is { } key)
            Recompute(keys, keysFrom, attention.KeyHeads, key, block, block.Key, stream.Width);
        if (Edited(HookPoint.ValueInput, layer, stream, attention.KeyHeads) is { } value)
            Recompute(values, valuesFrom, attention.KeyHeads, value, block, block.Value, stream.Width);
    }

    // Shows hooks the stream repeated per head; what they left, [tokens, heads, width], or null where nothing changed.
    private float[]? Edited(HookPoint point, int layer, Rows stream, int heads)
    {
        if (!pass.Wants(point, layer))
            return null;
        Rows repeated = pass.Rows(Scratch.HeadRepeat, heads * stream.Width);
        for (int head = 0; head < heads; head++)
            device.Scale(repeated.Columns(head * stream.Width, stream.Width), stream, 1f);
        float[] before = pass.View(repeated).ToArray();
        pass.Visit(point, layer, repeated, heads);
        float[] after = pass.View(repeated).ToArray();
        return before.AsSpan().SequenceEqual(after) ? null : after;
    }

    // Head by head: norm the head's own input, project, keep this head's columns.
    private void Recompute(Rows target, int fusedFrom, int heads, float[] inputs, LayerWeights block, LinearLayer? layer, int width)
    {
        int headDimension = target.Width / heads;
        Rows input = pass.Rows(Scratch.SplitInput, width);
        Rows normed = pass.Rows(Scratch.SplitNormed, width);
        LinearLayer projection = layer ?? block.QueryKeyValue!;
        Rows output = pass.Rows(Scratch.SplitOutput, projection.Outputs);
        int from = layer is null ? fusedFrom : 0;
        for (int head = 0; head < heads; head++)
        {
            Span2D view = pass.View(input);
            for (int t = 0; t < input.Count; t++)
                inputs.AsSpan(((t * heads) + head) * width, width).CopyTo(view.Row(t));
            if (block.AttentionNorm is { } norm)
                device.Norm(normed, input, norm);
            pass.Linear(output, block.AttentionNorm is null ? input : normed, projection);
            device.Scale(target.Columns(head * headDimension, headDimension), output.Columns(from + (head * headDimension), headDimension), 1f);
        }
    }

    private static float[] MeanOfGroups(float[] inputs, AttentionSpec attention, int width)
    {
        int group = attention.Heads / attention.KeyHeads;
        var means = new float[inputs.Length / group];
        for (int row = 0; row < means.Length / width; row++)
            for (int member = 0; member < group; member++)
                for (int i = 0; i < width; i++)
                    means[(row * width) + i] += inputs[(((row * group) + member) * width) + i] / group;
        return means;
    }
}
