namespace Managed;

/// <summary>One turn of a conversation.</summary>
/// <param name="Role">Who speaks: "system", "user", "assistant", or what else the model's template knows.</param>
/// <param name="Content">What is said.</param>
public sealed record ChatMessage(string Role, string Content);
