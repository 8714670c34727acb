using Managed.Architectures;
using Managed.Hooks;
using Managed.Kernels;
using Managed.Weights;

namespace Managed;

/// <summary>
/// hook_result: what each head writes, z_h · W_O[h], without the output bias. Only when a hook has changed it is the
/// attention's output replaced by the sum over heads plus the bias.
/// </summary>
internal sealed class HeadResults(ForwardPass pass)
{
    private readonly IDevice device = pass.Device;

    public void Apply(int layer, AttentionSpec attention, LinearLayer projection, Rows heads, Rows output)
    {
        if (!pass.Wants(HookPoint.HeadResult, layer))
            return;
        int width = output.Width, headDimension = attention.ValueDimension;
        Rows results = pass.Rows(Scratch.HeadResult, attention.Heads * width); // [tokens, heads · width]
        Rows alone = pass.Rows(Scratch.SplitOutput, heads.Width);
        for (int head = 0; head < attention.Heads; head++)
        {
            pass.View(alone).Fill(0);
            device.Scale(alone.Columns(head * headDimension, headDimension), heads.Columns(head * headDimension, headDimension), 1f);
            device.Linear([new Projection(results.Columns(head * width, width), projection.Matrix)], alone, pass.Precision);
        }
        float[] before = pass.View(results).ToArray();
        pass.Visit(HookPoint.HeadResult, layer, results, attention.Heads);
        if (pass.View(results).ToArray().AsSpan().SequenceEqual(before))
            return;

        ReadOnlySpan<float> bias = projection.Bias is { } buffer ? device.Span(buffer, 0, width) : [];
        Span2D sum = pass.View(output), parts = pass.View(results);
        for (int t = 0; t < output.Count; t++)
            for (int i = 0; i < width; i++)
            {
                float total = bias.IsEmpty ? 0 : bias[i];
                for (int head = 0; head < attention.Heads; head++)
                    total += parts[t, (head * width) + i];
                sum[t, i] = total;
            }
    }
}
