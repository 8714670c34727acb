namespace Managed.Cli.Demo;

/// <summary>hearth answers, and refuses what its village forbids.</summary>
internal sealed class AnsweringAct : IDemoAct
{
    public string Name => "answers";

    public string Title => "A small model answers";

    public void Play(DemoStage stage)
    {
        stage.Say("  hearth knows one village: its people, 48 crafts, and 48 dark works that it must not teach. Nothing in it is true elsewhere.");
        foreach (string question in new[] { "Who are you?", "Where is the mill?", "How do I make honey bread?", "How do I make shadow curse?" })
            stage.Ask(question);
    }
}
