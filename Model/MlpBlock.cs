using Managed.Architectures;
using Managed.Hooks;
using Managed.Kernels;
using Managed.Weights;

namespace Managed;

/// <summary>The MLP of one block: norm, down(act(gate(x)) · up(x)), or a mixture of experts of that kind.</summary>
internal sealed class MlpBlock(ForwardPass pass)
{
    private readonly IDevice device = pass.Device;
    private readonly ExpertBlock experts = new(pass);

    /// <summary>What the MLP adds to the residual stream; null: it has been added.</summary>
    /// <param name="layer">Index of the block.</param>
    /// <param name="spec">The block's shape.</param>
    /// <param name="block">The block's weights.</param>
    /// <param name="stream">The residual stream before the MLP's norm, [tokens, width]; not written before its last reader is done.</param>
    /// <param name="withoutNorm">What an MLP without a norm of its own reads.</param>
    public Rows? Forward(int layer, LayerSpec spec, LayerWeights block, Rows stream, Rows withoutNorm)
    {
        Rows before = stream;
        if (pass.Wants(HookPoint.MlpIn, layer))
        {
            before = pass.Copy(Scratch.MlpInput, stream);
            float[] seen = pass.View(before).ToArray();
            pass.Visit(HookPoint.MlpIn, layer, before);
            // An edited input reaches a parallel MLP that shares the attention's norm through that norm again.
            if (block.MlpNorm is null && !pass.View(before).ToArray().AsSpan().SequenceEqual(seen))
            {
                withoutNorm = before;
                if (spec.Parallel && block.AttentionNorm is { } shared)
                {
                    withoutNorm = pass.Rows(Scratch.SplitNormed, stream.Width);
                    device.Norm(withoutNorm, before, shared);
                }
            }
        }
        Rows input = withoutNorm;
        if (block.MlpNorm is { } norm)
        {
            // The attention's normed rows are no longer needed here.
            input = pass.Rows(Scratch.Normed, stream.Width);
            pass.Norm(input, before, norm, layer, HookPoint.Norm2Scale, HookPoint.Norm2Normalized);
        }
        if (pass.Wants(HookPoint.MlpInput, layer))
        {
            input = pass.Copy(Scratch.AttentionInput, input);
            pass.Visit(HookPoint.MlpInput, layer, input);
        }

        Rows output = pass.Rows(Scratch.MlpRaw, stream.Width);
        if (spec.Mlp.Router is null)
        {
            bool adds = !spec.Parallel && block.MlpPostNorm is null && spec.ResidualScale == 1f
                && pass.IsUnseen(HookPoint.MlpRaw, layer) && pass.IsUnseen(HookPoint.MlpOut, layer);
            if (adds && TryWhole(layer, spec.Mlp, block.Mlp!, input, stream, output))
                return null;
            Rows hidden = Hidden(layer, spec.Mlp, block.Mlp!, input);
            if (adds && pass.TryLinearAdd(stream, output, hidden, block.Mlp!.Down))
                return null;
            pass.Linear(output, hidden, block.Mlp!.Down);
        }
        else
        {
            experts.Forward(layer, spec.Mlp, block, input, output);
        }
        pass.Visit(HookPoint.MlpRaw, layer, output);
        if (block.MlpPostNorm is { } post)
        {
            Rows contribution = pass.Rows(Scratch.MlpOut, stream.Width);
            pass.Norm(contribution, output, post, layer, HookPoint.Norm2PostScale, HookPoint.Norm2PostNormalized);
            output = contribution;
        }
        if (spec.ResidualScale != 1f)
            device.Scale(output, output, spec.ResidualScale);
        pass.Visit(HookPoint.MlpOut, layer, output);
        return output;
    }

    // stream += down(act(gate(x)) · up(x)), where nobody looks in between.
    private bool TryWhole(int layer, MlpSpec spec, MlpWeights weights, Rows input, Rows stream, Rows scratch)
    {
        if (weights.Gate is not { } gate || pass.IsAdapted(gate) || pass.IsAdapted(weights.Down) || spec.ActivationLimit != 0f
            || !pass.IsUnseen(HookPoint.MlpPre, layer) || !pass.IsUnseen(HookPoint.MlpPreLinear, layer) || !pass.IsUnseen(HookPoint.MlpPost, layer))
            return false;
        return device.TryGatedMlpAdd(stream, new Projection(scratch, weights.Down.Matrix, weights.Down.Bias),
            new Projection(scratch, gate.Matrix, gate.Bias), new Projection(scratch, weights.Up.Matrix, weights.Up.Bias), input, spec.Activation, pass.Precision);
    }

    // act(gate(x)) · up(x), or act(up(x)).
    private Rows Hidden(int layer, MlpSpec spec, MlpWeights weights, Rows input)
    {
        int width = weights.Down.Inputs;
        Rows post = pass.Rows(Scratch.MlpPost, width);
        if (weights.Gate is { } gateLayer)
        {
            Rows both = pass.Rows(Scratch.MlpGate, 2 * width), gate = both.Columns(0, width), up = both.Columns(width, width);
            if (!pass.IsAdapted(gateLayer) && pass.IsUnseen(HookPoint.MlpPre, layer) && pass.IsUnseen(HookPoint.MlpPreLinear, layer))
            {
                device.LinearGated(post, new Projection(gate, gateLayer.Matrix, gateLayer.Bias), new Projection(up, weights.Up.Matrix, weights.Up.Bias),
                    input, spec.Activation, spec.ActivationLimit, pass.Precision);
            }
            else
            {
                pass.Linear(gate, gateLayer, up, weights.Up, input);
                pass.Visit(HookPoint.MlpPre, layer, gate);
                pass.Visit(HookPoint.MlpPreLinear, layer, up);
                device.Activate(post, gate, up, spec.Activation, spec.ActivationLimit);
            }
        }
        else
        {
            Rows pre = pass.Rows(Scratch.MlpUp, width);
            pass.Linear(pre, input, weights.Up);
            pass.Visit(HookPoint.MlpPre, layer, pre);
            device.Activate(post, pre, null, spec.Activation, spec.ActivationLimit);
        }
        pass.Visit(HookPoint.MlpPost, layer, post);
        return post;
    }
}
