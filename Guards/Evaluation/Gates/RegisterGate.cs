using Managed.Kernels;

namespace Managed.Guards.Evaluation;

/// <summary>A register of a guard as a gate: what the guard has read when the prompt has gone through the model.</summary>
/// <param name="model">The model.</param>
/// <param name="guard">The guard, compiled for it.</param>
/// <param name="register">The register that the guard's conditions hang on.</param>
/// <param name="precision">How quantised weights meet activations; null: as the model was loaded, else fast.</param>
public sealed class RegisterGate(LanguageModel model, CompiledGuard guard, string register, Precision? precision = null)
{
    // One token, so that nothing behind the prompt is read.
    private readonly GenerationOptions options = new() { MaxTokens = 1, Guard = guard, Precision = precision };

    /// <summary>The register's value behind a prompt, put through the chat template.</summary>
    /// <exception cref="GuardException">The guard has no such register, or it holds nothing: why.</exception>
    public double Score(string prompt)
    {
        ChatMessage[] turns = [new("user", prompt)];
        GenerationOptions asked = GuardExtensions.LanePrompts(model, guard, turns) is { } lanes ? options with { LanePrompts = lanes } : options;
        GenerationResult result = model.GenerateBatch([new GenerationRequest(model.EncodeChat(turns), asked)])[0];
        GuardReceipt? receipt = result.Receipt;
        double? value = null;
        foreach (IReadOnlyDictionary<string, double?>? registers in new[] { receipt?.Decided, receipt?.Registers }) // what it decided by comes first
            if (value is null && registers is not null && registers.TryGetValue(register, out double? found))
                value = found;
        return value ?? throw new GuardException($"gate {guard.Name}:{register}: found {Found()}; expected a register that a step writes at the prompt.");

        string Found() => result.Failure is { } failure ? failure.Message
            : receipt?.Registers.Count > 0 ? $"nothing in it behind \"{prompt}\", and the registers {string.Join(", ", receipt.Registers.Keys)}" : "no registers";
    }
}
