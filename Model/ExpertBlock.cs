using Managed.Architectures;
using Managed.Hooks;
using Managed.Kernels;
using Managed.Kernels.Experts;
using Managed.Weights;

namespace Managed;

/// <summary>
/// A mixture of experts: a router scores the experts for each token, the best few compute it, their results are
/// weighed and added (Shazeer et al. 2017); some families add an expert that every token passes.
/// </summary>
internal sealed class ExpertBlock(ForwardPass pass)
{
    private static readonly HookPoint[] s_within =
        [HookPoint.ExpertWeights, HookPoint.ExpertIndices, HookPoint.TopWeights, HookPoint.ExpertGate, HookPoint.ExpertPre, HookPoint.ExpertPost];

    private readonly IDevice device = pass.Device;
    private readonly ExpertSlots slots = new();

    public void Forward(int layer, MlpSpec spec, LayerWeights block, Rows input, Rows output)
    {
        if (block.Stacks is { } stacks && IsUnseen(layer))
            OnDevice(layer, spec, block, stacks, input, output);
        else
            OnHost(layer, spec, block, input, output);
        if (block.SharedExpert is { } shared)
            AddShared(spec, block, shared, input, output);
    }

    // Nobody looks at which experts are chosen, or into one.
    private bool IsUnseen(int layer)
    {
        foreach (HookPoint point in s_within)
            if (!pass.IsUnseen(point, layer))
                return false;
        return true;
    }

    private void OnDevice(int layer, MlpSpec spec, LayerWeights block, ExpertStacks stacks, Rows input, Rows output)
    {
        RouterSettings routing = block.Routing!;
        Rows logits = Logits(layer, routing, block.Router!, input);
        int total = pass.Count * routing.Chosen, width = stacks.Down.Matrix.Columns;
        Rows gate = pass.Rows(Scratch.MlpGate, total, width), up = pass.Rows(Scratch.MlpUp, total, width), results = pass.Rows(Scratch.ExpertOutput, total, output.Width);
        device.Experts(output, new Projection(results, stacks.Down.Matrix, stacks.Down.Bias), new Projection(gate, stacks.Gate.Matrix, stacks.Gate.Bias),
            new Projection(up, stacks.Up.Matrix, stacks.Up.Bias), input, logits, routing, spec.Activation, spec.ActivationLimit, pass.Precision);
    }

    private void OnHost(int layer, MlpSpec spec, LayerWeights block, Rows input, Rows output)
    {
        RouterSettings routing = block.Routing!;
        int chosen = routing.Chosen, total = pass.Count * chosen;
        slots.Begin(pass.Count, routing);
        Route(layer, routing, block.Router!, input);
        slots.Assign(routing.Experts);

        Rows gathered = pass.Rows(Scratch.ExpertInput, total, input.Width);
        Rows results = pass.Rows(Scratch.ExpertOutput, total, output.Width);
        device.Gather(gathered, input, slots.Tokens);
        for (int expert = 0; expert < routing.Experts; expert++)
        {
            (int begin, int count) = slots.Of(expert);
            if (count > 0)
                Expert(layer, expert, spec, block.Experts![expert], gathered.Slice(begin, count), results.Slice(begin, count), slots.Tokens.Slice(begin, count));
        }
        device.Combine(output, results, slots.Slots, slots.Weights, chosen);
    }

    private Rows Logits(int layer, RouterSettings routing, LinearLayer router, Rows input)
    {
        Rows logits = pass.Rows(Scratch.RouterLogits, routing.Experts);
        pass.Linear(logits, input, router);
        pass.Visit(HookPoint.RouterLogits, layer, logits);
        return logits;
    }

    // Expert choice of every token: indices and weights, the best first.
    private void Route(int layer, RouterSettings routing, LinearLayer router, Rows input)
    {
        Rows logits = Logits(layer, routing, router, input);
        if (pass.Wants(HookPoint.ExpertWeights, layer))
            VisitProbabilities(layer, logits);
        device.Route(slots.Indices, slots.Weights, logits, routing);
        if (pass.Wants(HookPoint.ExpertIndices, layer))
            VisitIndices(layer, routing);
        if (pass.Wants(HookPoint.TopWeights, layer))
            VisitChosenWeights(layer, routing.Chosen);
    }

    // Probabilities over all experts; an edited row goes back into the router as its logarithm.
    private void VisitProbabilities(int layer, Rows logits)
    {
        Rows probabilities = pass.Rows(Scratch.SharedOutput, logits.Width);
        device.Softmax(probabilities, logits);
        float[] before = pass.View(probabilities).ToArray();
        pass.Visit(HookPoint.ExpertWeights, layer, probabilities);
        Span2D after = pass.View(probabilities), scores = pass.View(logits);
        for (int t = 0; t < logits.Count; t++)
            if (!after.Row(t).SequenceEqual(before.AsSpan(t * logits.Width, logits.Width)))
                for (int expert = 0; expert < logits.Width; expert++)
                    scores[t, expert] = MathF.Log(after[t, expert]);
    }

    private void VisitIndices(int layer, RouterSettings routing)
    {
        Rows values = pass.Rows(Scratch.SharedOutput, routing.Chosen);
        Span2D view = pass.View(values);
        for (int i = 0; i < pass.Count * routing.Chosen; i++)
            view[i / routing.Chosen, i % routing.Chosen] = slots.Indices[i];
        pass.Visit(HookPoint.ExpertIndices, layer, values);
        view = pass.View(values);
        for (int i = 0; i < pass.Count * routing.Chosen; i++)
        {
            int expert = (int)MathF.Round(view[i / routing.Chosen, i % routing.Chosen]);
            if ((uint)expert >= (uint)routing.Experts)
                throw new HookPointException($"An edit of blocks.{layer}.mlp.hook_expert_indices chose expert {expert}; there are {routing.Experts}.");
            slots.Indices[i] = expert;
        }
    }

    private void VisitChosenWeights(int layer, int chosen)
    {
        Rows values = pass.Rows(Scratch.SharedOutput, chosen);
        pass.View(values).CopyFrom(slots.Weights);
        pass.Visit(HookPoint.TopWeights, layer, values);
        Span2D view = pass.View(values);
        for (int t = 0; t < pass.Count; t++)
            view.Row(t).CopyTo(slots.Weights[(t * chosen)..]);
    }

    private void Expert(int layer, int expert, MlpSpec spec, MlpWeights weights, Rows input, Rows output, ReadOnlySpan<int> tokens)
    {
        int width = weights.Down.Inputs;
        Rows post = pass.Rows(Scratch.MlpPost, input.Count, width);
        if (weights.Gate is { } gateLayer)
        {
            Rows gate = pass.Rows(Scratch.MlpGate, input.Count, width), up = pass.Rows(Scratch.MlpUp, input.Count, width);
            pass.Linear(gate, gateLayer, up, weights.Up, input);
            pass.VisitExpert(HookPoint.ExpertGate, layer, expert, gate, tokens);
            pass.VisitExpert(HookPoint.ExpertPre, layer, expert, up, tokens);
            device.Activate(post, gate, up, spec.Activation, spec.ActivationLimit);
        }
        else
        {
            Rows pre = pass.Rows(Scratch.MlpUp, input.Count, width);
            pass.Linear(pre, input, weights.Up);
            pass.VisitExpert(HookPoint.ExpertPre, layer, expert, pre, tokens);
            device.Activate(post, pre, null, spec.Activation, spec.ActivationLimit);
        }
        pass.VisitExpert(HookPoint.ExpertPost, layer, expert, post, tokens);
        pass.Linear(output, post, weights.Down);
    }

    private void AddShared(MlpSpec spec, LayerWeights block, MlpWeights shared, Rows input, Rows output)
    {
        int width = shared.Down.Inputs;
        Rows both = pass.Rows(Scratch.MlpGate, 2 * width), gate = both.Columns(0, width), up = both.Columns(width, width), post = pass.Rows(Scratch.MlpPost, width);
        pass.Linear(gate, shared.Gate!, up, shared.Up, input);
        device.Activate(post, gate, up, spec.Activation, spec.ActivationLimit);
        Rows result = pass.Rows(Scratch.SharedOutput, output.Width);
        pass.Linear(result, post, shared.Down);
        if (block.SharedExpertGate is { } gateOfShared)
        {
            Rows factor = pass.Rows(Scratch.SharedGate, 1);
            pass.Linear(factor, input, gateOfShared);
            device.Activate(factor, factor, null, ActivationKind.Sigmoid);
            device.ScaleRows(result, factor);
        }
        device.Add(output, output, result);
    }
}
