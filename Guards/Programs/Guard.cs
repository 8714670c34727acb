namespace Managed.Guards;

/// <summary>Where guards begin.</summary>
public static class Guard
{
    /// <summary>
    /// Writes a guard in C#: <c>Guard.Define(g => g.At(ResidPost(3)).From(LastPromptToken).When(g.Probe(harm) > 0.5f).Add(refusal, strength: 4))</c>.
    /// </summary>
    /// <param name="write">Adds the steps.</param>
    /// <param name="name">What receipts call it.</param>
    /// <exception cref="GuardException">A step is incomplete.</exception>
    public static GuardProgram Define(Action<GuardBuilder> write, string name = "guard")
    {
        var builder = new GuardBuilder();
        write(builder);
        return builder.Build(name);
    }

    /// <summary>Reads a guard from `*.guard.json` and the safetensors file that it names.</summary>
    /// <exception cref="GuardException">The file cannot be read: what was found, what was expected, where.</exception>
    /// <exception cref="GuardException">The tensors' file is damaged.</exception>
    public static GuardProgram Load(string path) => GuardFileReader.Read(path);

    /// <summary>Writes a guard as a file, its tensors to a safetensors file beside it.</summary>
    /// <param name="program">The guard.</param>
    /// <param name="path">Where to; ends with `.guard.json`.</param>
    /// <exception cref="GuardException">It holds a user's code, which no file can hold.</exception>
    public static void Save(GuardProgram program, string path) => GuardFileWriter.Write(program, path);
}

/// <summary>Names of the hook points that guards use most.</summary>
public static class GuardPoints
{
    /// <summary>The residual stream before block `layer`.</summary>
    public static string ResidPre(int layer) => $"blocks.{layer}.hook_resid_pre";

    /// <summary>The residual stream between attention and MLP of block `layer`.</summary>
    public static string ResidMid(int layer) => $"blocks.{layer}.hook_resid_mid";

    /// <summary>The residual stream after block `layer`.</summary>
    public static string ResidPost(int layer) => $"blocks.{layer}.hook_resid_post";

    /// <summary>What attention of block `layer` adds to the stream.</summary>
    public static string AttnOut(int layer) => $"blocks.{layer}.hook_attn_out";

    /// <summary>What the MLP of block `layer` adds to the stream.</summary>
    public static string MlpOut(int layer) => $"blocks.{layer}.hook_mlp_out";

    /// <summary>The final norm's output: what the head reads.</summary>
    public static string FinalNorm => "unembed.hook_in";

    /// <inheritdoc cref="GuardPositions.LastPromptToken"/>
    public static GuardPositions LastPromptToken => GuardPositions.LastPromptToken;

    /// <inheritdoc cref="GuardPositions.FromLastPromptToken"/>
    public static GuardPositions FromLastPromptToken => GuardPositions.FromLastPromptToken;

    /// <inheritdoc cref="GuardPositions.Generated"/>
    public static GuardPositions Generated => GuardPositions.Generated;

    /// <inheritdoc cref="GuardPositions.Prompt"/>
    public static GuardPositions Prompt => GuardPositions.Prompt;

    /// <inheritdoc cref="GuardPositions.All"/>
    public static GuardPositions All => GuardPositions.All;
}
