self.word = "from the worker";
