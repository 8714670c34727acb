using Managed.Hooks;
using Managed.Kernels.Edits;
using Managed.Loader;

namespace Managed.Guards;

/// <summary>Whether a step is complete, finite and of the right shapes. Messages say what was found and expected; the caller adds which step.</summary>
internal static class StepCheck
{
    private const int MostHidden = 4096, MostRank = 4096;

    /// <summary>What holds whatever the model.</summary>
    public static void Check(GuardStep step, IReadOnlyDictionary<string, GuardTensor> tensors)
    {
        GuardOperation operation = GuardOperations.Of(step.Do);
        foreach (string role in operation.Tensors.Where(role => !step.Tensors.ContainsKey(role)))
            throw new GuardException($"found no \"{role}\"; expected the name of a tensor");
        foreach ((string role, string name) in step.Tensors)
        {
            if (!tensors.TryGetValue(name, out GuardTensor? tensor))
                throw new GuardException($"{role}: found no tensor {name}; expected one of {Known(name, tensors.Keys)}");
            int bad = Array.FindIndex(tensor.Values, value => !float.IsFinite(value));
            if (bad >= 0)
                throw new GuardException($"{role}: found {tensor.Values[bad]} at element {bad} of {name}; expected finite numbers");
        }
        if (operation.Members.Contains("into") != (step.Into is not null))
            throw new GuardException(step.Into is null ? "found no \"into\"; expected the name of the register that is written" : $"found the register {step.Into}; expected none");
        if (step.Into is { } register && !GuardExpressionParser.IsName(register))
            throw new GuardException($"into: found \"{register}\"; expected letters, digits, '_' and '.', a letter first");
        if (step.Do == "record" && step.Buffer is null)
            throw new GuardException("found no \"buffer\"; expected a name for what is recorded");
        if (step.OfBuffer && step.Buffer is null)
            throw new GuardException("found \"of_buffer\" without a buffer; expected the name of what was recorded");
        if (step is { Mean: true, When: not null })
            throw new GuardException($"found a mean of what is recorded when {step.When}; expected no condition, since every position counts in it");
        if (step.Do == "replace" && step.Tensors.Count == 0 == (step.Buffer is null))
            throw new GuardException("expected a \"vector\" or a \"buffer\", and not both");
        if (step.Times is not null && !operation.Members.Contains("times"))
            throw new GuardException($"found the factor {step.Times}; expected none, since {step.Do} has no strength");
        if (!float.IsFinite(step.Strength))
            throw new GuardException($"strength: found {step.Strength}; expected a finite number");
        if (step.Do == "clamp" && (float.IsNaN(step.Low) || float.IsNaN(step.High) || !(step.Low <= step.High)))
            throw new GuardException($"found low {step.Low} and high {step.High}; expected low ≤ high");
        if (step.Do is "project_out" or "clamp" || step.Unit)
            if (tensors[step.Tensors["vector"]].Values.All(value => value == 0))
                throw new GuardException($"vector: found only zeros in {step.Tensors["vector"]}; expected a direction");
        if (step.When is { } when)
            CheckTypes(when, condition: true);
        if (step.Sticky && step.When is null)
            throw new GuardException("found \"sticky\" without a condition; expected \"when\" beside it");
    }

    /// <summary>What depends on the hook point's width.</summary>
    public static void CheckWidths(GuardStep step, IReadOnlyDictionary<string, GuardTensor> tensors, int width, HookAddress at)
    {
        foreach ((string role, string name) in step.Tensors)
        {
            int[] expected = Shape(step, tensors, role, width);
            GuardTensor tensor = tensors[name];
            bool fits = tensor.Values.Length == Product(expected) && (expected.Length == 1 || tensor.Shape.SequenceEqual(expected));
            if (!fits)
                throw new GuardException($"{role}: found {name} of shape [{string.Join(", ", tensor.Shape)}]; expected [{string.Join(", ", expected)}], the width of {at} being {width}");
        }
        if (step.Do == "add_sparse")
        {
            bool dense = tensors[step.Tensors["vector"]].Values.Length == width;
            if (step.Keep < 0 || step.Keep > width || (step.Keep > 0) == (step.Indices.Length > 0) || (step.Keep > 0 && !dense))
                throw new GuardException($"found keep {step.Keep} and {step.Indices.Length} indices; expected either \"keep\" from 1 to {width}, or \"indices\"");
            if (step.Indices.Any(index => (uint)index >= (uint)width) || step.Indices.Distinct().Count() != step.Indices.Length)
                throw new GuardException($"indices: expected different numbers from 0 to {width - 1}");
        }
    }

    private static int[] Shape(GuardStep step, IReadOnlyDictionary<string, GuardTensor> tensors, string role, int width)
    {
        int First(string other, int most)
        {
            int size = tensors[step.Tensors[other]].Shape is { Length: > 0 } shape ? shape[0] : 0;
            return size >= 1 && size <= most ? size : throw new GuardException($"{other}: found {size} rows; expected 1 to {most}");
        }

        switch (step.Do, role)
        {
            case ("probe", "bias"):
                return [1];
            case ("mlp_probe", "weight1"):
                return [First("bias1", MostHidden), width];
            case ("mlp_probe", "bias1"):
                return [First("bias1", MostHidden)];
            case ("mlp_probe", "weight2"):
                return [First("bias2", MostHidden), First("bias1", MostHidden)];
            case ("mlp_probe", "bias2"):
                int classes = First("bias2", MostHidden);
                return (uint)step.Class < (uint)classes ? [classes] : throw new GuardException($"class: found {step.Class}; expected 0 to {classes - 1}");
            case ("low_rank", "down"):
                return [First("down", MostRank), width];
            case ("low_rank", "bias"):
                return [First("down", MostRank)];
            case ("low_rank", "up"):
                return [width, First("down", MostRank)];
            case ("add_sparse", "vector") when step.Indices.Length > 0 && tensors[step.Tensors["vector"]].Values.Length == step.Indices.Length:
                return [step.Indices.Length];
            default:
                return [width];
        }
    }

    private static void CheckTypes(GuardExpression expression, bool condition)
    {
        if (expression.IsCondition != condition)
            throw new GuardException($"when: found {expression}, {(condition ? "a number" : "true or false")}; expected {(condition ? "a comparison, as in harm > 0.5" : "a number")}");
        bool inner = expression.Code is ConditionCode.And or ConditionCode.Or or ConditionCode.Not;
        if (expression.Left is { } left)
            CheckTypes(left, inner);
        if (expression.Right is { } right)
            CheckTypes(right, inner);
    }

    private static int Product(int[] shape) => shape.Aggregate(1, (product, size) => product * size);

    private static string Known(string name, IEnumerable<string> names)
    {
        string[] near = [.. names.OrderBy(known => ClosestName.Distance(name, known)).Take(3)];
        return near.Length == 0 ? "those of a \"vectors\" file, and there is none" : string.Join(", ", near) + (names.Count() > 3 ? "…" : "");
    }
}
