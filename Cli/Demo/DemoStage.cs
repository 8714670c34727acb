namespace Managed.Cli.Demo;

/// <summary>A part of `managed demo`: one thing that can be seen in a minute.</summary>
internal interface IDemoAct
{
    /// <summary>The word by which it is asked for.</summary>
    string Name { get; }

    /// <summary>A line that says what is shown.</summary>
    string Title { get; }

    void Play(DemoStage stage);
}

/// <summary>What an act has at hand: the model, a way to speak, and an end.</summary>
/// <param name="Model">hearth.</param>
/// <param name="Output">Where everything is written.</param>
/// <param name="Cancellation">Ends the demo between tokens.</param>
internal sealed record DemoStage(LanguageModel Model, TextWriter Output, CancellationToken Cancellation)
{
    /// <summary>A question as hearth's chat template writes it, up to where the reply begins.</summary>
    public int[] Prompt(string question) => Model.EncodeChat([new("user", question)]);

    public void Say(string line = "") => Output.WriteLine(line);

    /// <summary>Shows a question and the reply to it as it comes; gives the reply.</summary>
    public string Ask(string question)
    {
        Output.WriteLine($"  > {question}");
        Output.Write("    ");
        GenerationResult reply = Model.Generate(Prompt(question), null, token =>
        {
            Output.Write(token.Text);
            Output.Flush();
        }, Cancellation);
        Output.WriteLine();
        Cancellation.ThrowIfCancellationRequested();
        return reply.Text;
    }

    /// <summary>The text of one token, special tokens included.</summary>
    public string TokenText(int id) => Model.Decode([id], skipSpecialTokens: false);
}
