using Managed.Architectures;
using Managed.Cache;
using Managed.Hooks;
using Managed.Kernels;
using Managed.Weights;

namespace Managed;

/// <summary>The attention of one block: norm, queries/keys/values, rotation, softmax(q·k)·v, output projection.</summary>
internal sealed class AttentionBlock(ForwardPass pass, KeyValueCache cache, Stepper stepper)
{
    // Between the projections and the cache; guards act at none of them.
    private static readonly HookPoint[] BeforeTheCache =
    [
        HookPoint.QueryNormScale, HookPoint.QueryNormNormalized, HookPoint.KeyNormScale, HookPoint.KeyNormNormalized, HookPoint.RotatedQuery, HookPoint.RotatedKey,
    ];

    private readonly IDevice device = pass.Device;
    private readonly HeadInputs headInputs = new(pass);
    private readonly HeadResults headResults = new(pass);

    /// <summary>What attention adds to the residual stream; null: it has been added.</summary>
    /// <param name="layer">Index of the block.</param>
    /// <param name="spec">The block's shape.</param>
    /// <param name="block">The block's weights.</param>
    /// <param name="stream">The residual stream, [tokens, width]; not written before its last reader is done.</param>
    /// <param name="normed">What the block's first norm made of it; an MLP without a norm of its own reads this in parallel blocks.</param>
    public Rows? Forward(int layer, LayerSpec spec, LayerWeights block, Rows stream, out Rows normed)
    {
        normed = stream;
        if (block.AttentionNorm is { } norm)
        {
            normed = pass.Rows(Scratch.Normed, stream.Width);
            pass.Norm(normed, stream, norm, layer, HookPoint.Norm1Scale, HookPoint.Norm1Normalized);
        }
        Rows input = normed;
        if (pass.Wants(HookPoint.AttentionInput, layer))
        {
            input = pass.Copy(Scratch.AttentionInput, normed);
            pass.Visit(HookPoint.AttentionInput, layer, input);
        }

        AttentionSpec attention = spec.Attention;
        int queryWidth = attention.Heads * attention.KeyDimension;
        int keyWidth = attention.KeyHeads * attention.KeyDimension, valueWidth = attention.KeyHeads * attention.ValueDimension;
        Rows all = pass.Rows(Scratch.QueryKeyValue, queryWidth + keyWidth + valueWidth);
        Rows queries = all.Columns(0, queryWidth); // [tokens, heads · keyDim]
        Rows keys = all.Columns(queryWidth, keyWidth); // [tokens, keyHeads · keyDim]
        Rows values = all.Columns(queryWidth + keyWidth, valueWidth); // [tokens, keyHeads · valueDim]
        if (attention.Latent is { } latent)
        {
            ProjectLatent(layer, attention, latent, block, input, queries, keys, values);
        }
        else
        {
            Project(block, input, all, queries, keys, values);
            headInputs.Apply(layer, attention, block, stream, queries, keys, values);
            if (attention.ClipQkv != 0f)
                device.Clamp(all, attention.ClipQkv);
            pass.Visit(HookPoint.Query, layer, queries, attention.Heads);
            pass.Visit(HookPoint.Key, layer, keys, attention.KeyHeads);
            pass.Visit(HookPoint.Value, layer, values, attention.KeyHeads);
        }
        if (attention.Latent is null && !IsSeenBeforeTheCache(layer))
        {
            device.RotateAndStore(pass.Plan, cache.Layouts[layer], queries, keys, values, block.QueryNorm, block.KeyNorm,
                attention.Rope?.First ?? 0, attention.Rope is null ? [] : stepper.Tables(layer));
        }
        else
        {
            if (attention.Latent is null)
                NormAndRotate(layer, attention, block, queries, keys);
            pass.Visit(HookPoint.RotatedQuery, layer, queries, attention.Heads);
            pass.Visit(HookPoint.RotatedKey, layer, keys, attention.KeyHeads);
            device.StoreKeyValue(pass.Plan, cache.Layouts[layer], keys, values);
        }

        Rows heads = pass.Rows(Scratch.HeadOutput, attention.Heads * attention.ValueDimension);
        Attend(layer, block.Attention, queries, heads);
        pass.Visit(HookPoint.HeadOutput, layer, heads, attention.Heads);

        Rows output = pass.Rows(Scratch.AttentionRaw, stream.Width);
        if (!spec.Parallel && block.AttentionPostNorm is null && spec.ResidualScale == 1f && IsUnseen(layer)
            && pass.TryLinearAdd(stream, output, heads, block.AttentionOutput))
            return null;
        pass.Linear(output, heads, block.AttentionOutput);
        headResults.Apply(layer, attention, block.AttentionOutput, heads, output);
        pass.Visit(HookPoint.AttentionRaw, layer, output);
        if (block.AttentionPostNorm is { } post)
        {
            Rows contribution = pass.Rows(Scratch.AttentionOut, stream.Width);
            pass.Norm(contribution, output, post, layer, HookPoint.Norm1PostScale, HookPoint.Norm1PostNormalized);
            output = contribution;
        }
        if (spec.ResidualScale != 1f)
            device.Scale(output, output, spec.ResidualScale);
        pass.Visit(HookPoint.AttentionOut, layer, output);
        return output;
    }

    private bool IsUnseen(int layer) =>
        !pass.Wants(HookPoint.HeadResult, layer) && pass.IsUnseen(HookPoint.AttentionRaw, layer) && pass.IsUnseen(HookPoint.AttentionOut, layer);

    private bool IsSeenBeforeTheCache(int layer)
    {
        foreach (HookPoint point in BeforeTheCache)
            if (pass.Wants(point, layer))
                return true;
        return false;
    }

    private void Project(LayerWeights block, Rows input, Rows all, Rows queries, Rows keys, Rows values)
    {
        if (block.QueryKeyValue is { } fused)
            pass.Linear(all, input, fused);
        else
            pass.Linear(queries, block.Query!, keys, block.Key!, values, block.Value!, input);
    }

    private void NormAndRotate(int layer, AttentionSpec attention, LayerWeights block, Rows queries, Rows keys)
    {
        if (block.QueryNorm is { } queryNorm)
            pass.Norm(queries, queries, queryNorm, layer, HookPoint.QueryNormScale, HookPoint.QueryNormNormalized);
        if (block.KeyNorm is { } keyNorm)
            pass.Norm(keys, keys, keyNorm, layer, HookPoint.KeyNormScale, HookPoint.KeyNormNormalized);
        if (attention.Rope is { } rope)
        {
            device.Rope(queries, pass.Plan, attention.Heads, attention.KeyDimension, rope.First, stepper.Tables(layer));
            device.Rope(keys, pass.Plan, attention.KeyHeads, attention.KeyDimension, rope.First, stepper.Tables(layer));
        }
    }

    // DeepSeek-AI 2024, §2.1: c = W_down·x; per head [k, v] = W_up·norm(c); all heads share one rotated key part.
    private void ProjectLatent(
        int layer, AttentionSpec attention, LatentSpec latent, LayerWeights block, Rows input, Rows queries, Rows keys, Rows values)
    {
        if (latent.QueryRank > 0)
        {
            Rows queryLatent = pass.Rows(Scratch.QueryLatent, latent.QueryRank);
            pass.Linear(queryLatent, input, block.QueryDown!);
            device.Norm(queryLatent, queryLatent, block.QueryLatentNorm!);
            pass.Linear(queries, queryLatent, block.Query!);
        }
        else
        {
            pass.Linear(queries, input, block.Query!);
        }

        Rows down = pass.Rows(Scratch.KeyValueLatent, latent.KeyValueRank + latent.RopeDimension);
        pass.Linear(down, input, block.KeyValueDown!);
        Rows shared = down.Columns(0, latent.KeyValueRank);
        Rows rotated = down.Columns(latent.KeyValueRank, latent.RopeDimension); // [tokens, ropeDim]
        device.Norm(shared, shared, block.KeyValueLatentNorm!);
        int nope = latent.NopeDimension, perHead = nope + attention.ValueDimension;
        Rows up = pass.Rows(Scratch.KeyValueUp, attention.Heads * perHead); // [tokens, heads · (nope + valueDim)]
        pass.Linear(up, shared, block.KeyValueUp!);

        device.Rope(queries, pass.Plan, attention.Heads, attention.KeyDimension, nope, stepper.Tables(layer));
        device.Rope(rotated, pass.Plan, 1, latent.RopeDimension, 0, stepper.Tables(layer));
        for (int head = 0; head < attention.Heads; head++)
        {
            device.Scale(keys.Columns(head * attention.KeyDimension, nope), up.Columns(head * perHead, nope), 1f);
            device.Scale(keys.Columns((head * attention.KeyDimension) + nope, latent.RopeDimension), rotated, 1f);
            device.Scale(values.Columns(head * attention.ValueDimension, attention.ValueDimension),
                up.Columns((head * perHead) + nope, attention.ValueDimension), 1f);
        }
        pass.Visit(HookPoint.Value, layer, values, attention.KeyHeads);
    }

    // Fused, unless somebody wants to see or edit scores or pattern; the bits are the same either way.
    private void Attend(int layer, AttentionSettings settings, Rows queries, Rows heads)
    {
        StepPlan plan = pass.Plan;
        if (!pass.Wants(HookPoint.Scores, layer) && !pass.Wants(HookPoint.Pattern, layer))
        {
            device.Attention(heads, queries, plan, cache.Layouts[layer], settings);
            return;
        }
        for (int sequence = 0; sequence < plan.SequenceCount; sequence++)
        {
            int end = plan.SequenceStart[sequence + 1], count = end - plan.SequenceStart[sequence];
            int keyCount = plan.Positions[end - 1] + 1, rows = settings.Heads * count;
            using DeviceBuffer scoreBuffer = device.Allocate((long)rows * keyCount), patternBuffer = device.Allocate((long)rows * keyCount);
            var scores = new Rows(scoreBuffer, rows, keyCount); // [heads · queries, keys]
            var pattern = new Rows(patternBuffer, rows, keyCount);
            device.AttentionScores(scores, queries, plan, sequence, cache.Layouts[layer], settings);
            pass.VisitPattern(HookPoint.Scores, layer, scores, sequence, settings.Heads);
            device.AttentionPattern(pattern, scores, count, settings);
            pass.VisitPattern(HookPoint.Pattern, layer, pattern, sequence, settings.Heads);
            device.AttentionMix(heads, pattern, plan, sequence, cache.Layouts[layer], settings);
        }
    }
}
