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

    /// <summary>What the MLP adds to the residual stream.</summary>
    /// <param name="layer">Index of the block.</param>
    /// <param name="spec">The block's shape.</param>
    /// <param name="block">The block's weights.</param>
    /// <param name="stream">The residual stream before the MLP's norm, [tokens, width]; not written.</param>
    /// <param name="withoutNorm">What an MLP without a norm of its own reads.</param>
    public Rows Forward(int layer, LayerSpec spec, LayerWeights block, Rows stream, Rows withoutNorm)
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
            Dense(layer, spec.Mlp, block.Mlp!, input, output);
        else
            experts.Forward(layer, spec.Mlp, block, input, output);
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

    private void Dense(int layer, MlpSpec spec, MlpWeights weights, Rows input, Rows output)
    {
        int width = weights.Down.Inputs;
        Rows post = pass.Rows(Scratch.MlpPost, width);
        if (weights.Gate is { } gateLayer)
        {
            Rows gate = pass.Rows(Scratch.MlpGate, width), up = pass.Rows(Scratch.MlpUp, width);
            pass.Linear(gate, gateLayer, up, weights.Up, input);
            pass.Visit(HookPoint.MlpPre, layer, gate);
            pass.Visit(HookPoint.MlpPreLinear, layer, up);
            device.Activate(post, gate, up, spec.Activation, spec.ActivationLimit);
        }
        else
        {
            Rows pre = pass.Rows(Scratch.MlpUp, width);
            pass.Linear(pre, input, weights.Up);
            pass.Visit(HookPoint.MlpPre, layer, pre);
            device.Activate(post, pre, null, spec.Activation, spec.ActivationLimit);
        }
        pass.Visit(HookPoint.MlpPost, layer, post);
        pass.Linear(output, post, weights.Down);
    }
}
