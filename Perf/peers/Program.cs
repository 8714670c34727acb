using Managed.Peers;

return args is ["first", var engine, var file, var threads] ? FirstToken.Run(engine, file, threads) : PeersVerbs.Run(args, Console.Out, Console.Error);
